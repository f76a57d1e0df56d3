"""The row of letters that link into the list."""

import re

import pytest

from actors.db import loose_index_scan
from actors.models import Actor, Film
from actors.search import facets
from actors.search.facets import Facets

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def people(db):
    Actor.objects.bulk_create(Actor(first_name="A", last_name=f"Baker {n:03}", country="GB") for n in range(70))
    Actor.objects.bulk_create(Actor(first_name="Z", last_name=f"Miller {n:03}") for n in range(60))
    others = "50-Cent Émile Øyvind Đorđe Алла عمر חיים 王小明 李小龍 あき アキ 송강호 김혜자"
    Actor.objects.bulk_create(Actor(first_name=name, country="JP") for name in others.split())


def row(client, url):
    page = client.get(url).content.decode()
    nav = re.search(r'<nav class="letters".*?</nav>', page, re.DOTALL)
    return re.findall(r'<a href="([^"]*)"([^>]*)>([^<]*)</a>', nav[0]) if nav else [], page


def names(page):
    return [
        re.sub("<[^>]*>", "", name).strip() for name in re.findall(r"<li>\s*<a href=\"/actors/[^>]*>(.*?)</a>", page)
    ]


def test_index_has_the_letters_that_names_begin_with(client):
    letters, _page = row(client, "/")
    assert [label for _url, _more, label in letters] == [*"#BDEMOА", "ח", "ع", "あ", "中", "가"]
    assert [label for _url, _more, label in row(client, "/?country=JP")[0]] == [*"#DEOА", "ח", "ع", "あ", "中", "가"]
    assert "A" in [label for _url, _more, label in row(client, "/?sort=first")[0]]
    assert row(client, "/?country=GB")[0] == [] and row(client, "/?q=baker")[0] == []


def test_letter_links_to_its_names_and_pages_continue_from_there(client):
    letters, page = row(client, "/")
    assert [label for _url, more, label in letters if "aria-current" in more] == ["#"]
    url = next(url for url, _more, label in letters if label == "M")
    assert url == "./?letter=M"
    letters, page = row(client, "/?letter=M")
    assert names(page)[0] == "Z Miller 000" and len(names(page)) == 50 and "143 actors" in page
    assert [label for _url, more, label in letters if "aria-current" in more] == ["M"]
    assert '<link rel="canonical" href="http://testserver/?letter=M">' in page
    following = client.get(re.search(r'<a rel="next" href="\.([^"]*)"', page)[1]).content.decode()
    assert names(following)[0] == "Z Miller 050" and "letter" not in re.search(r'rel="next" href="\.([^"]*)"', page)[1]
    before = client.get(re.search(r'<a rel="prev" href="\.([^"]*)"', page)[1]).content.decode()
    assert names(before)[-1] == "Émile"
    leads = {"中": "李小龍", "가": "김혜자", "あ": "あき", "А": "Алла", "N": "Øyvind", "%23": "50-Cent"}
    for label, first in leads.items():
        assert names(row(client, f"/?letter={label}")[1])[0] == first, label
    assert names(row(client, "/?sort=first&letter=Z")[1])[0] == "Z Miller 000"


def test_letters_have_one_canonical_url(client):
    for given, letter in (("m", "M"), ("É", "E"), ("王", "中"), ("ア", "あ"), ("%23", "#"), ("ß", None)):
        response = client.get(f"/?letter={given}")
        if letter is None:
            assert response.status_code == 400
            continue
        canonical = re.search(r'rel="canonical" href="([^"]*)"', response.content.decode())[1]
        assert canonical == client.get("/", {"letter": letter}).wsgi_request.build_absolute_uri()
    assert 'rel="canonical" href="http://testserver/?q=baker">' in client.get("/?q=baker&letter=M").content.decode()
    assert client.get("/?letter=힣", follow=True).redirect_chain in ([], [("./", 302)])
    assert client.get("/?letter=ﻻ").status_code in (200, 302, 400)
    Actor.objects.filter(first_name__gt="あ").delete()
    assert client.get("/?letter=中", follow=True).redirect_chain == [("./", 302)]


@pytest.mark.parametrize("wrong", ["ab", "%20", "1", "-", "%00", "æ"])
def test_invalid_letter_is_refused(client, wrong):
    assert client.get(f"/?letter={wrong}").status_code == 400
    assert client.get(f"/actors.json?letter={wrong}").status_code == 400
    token = re.search(r"after=([^\"]*)", client.get("/").content.decode())[1]
    assert b"letter cannot be given together" in client.get(f"/?letter=m&after={token}").content


def test_json_page_begins_at_the_letter(client):
    response = client.get("/actors.json?letter=m").json()
    assert response["actors"][0]["last_name"] == "Miller 000" and "letter" not in response["next"]
    assert len(b"".join(client.get("/actors.csv?letter=m").streaming_content).splitlines()) == 144


def test_number_of_letters_is_bounded(monkeypatch):
    monkeypatch.setattr(loose_index_scan, "MAX_LETTERS", 3)
    assert facets.counts(Facets(), 1, 1, "sort_last")["letters"] == ["#", "B", "D"]


def test_letters_have_the_same_order_in_every_language(client):
    """The order does not depend on the language. Han characters are sorted by radical and strokes."""
    Actor.objects.bulk_create(Actor(first_name=first, last_name="Zhang") for first in ("Ziyi", "Yimou"))
    Actor.objects.create(first_name="丁一")
    both = [
        [actor["first_name"] for actor in client.get("/actors.json?letter=Z", headers=language).json()["actors"]]
        for language in ({"Accept-Language": "en"}, {"Accept-Language": "zh-hans"})
    ]
    assert both[0] == both[1]
    assert both[0][:2] == ["Yimou", "Ziyi"] and [name for name in both[0] if name in ("丁一", "王小明", "李小龍")] == [
        "丁一", "李小龍", "王小明"
    ]  # fmt: skip


def test_film_index_has_the_letters_of_titles(client):
    titles = ["8½", "Alien", "Amélie", "Brazil", "Élisa", "Zelig", "생활의 발견", "花樣年華"]
    Film.objects.bulk_create(Film(title=title, year=1985 if title in ("Brazil", "Zelig") else None) for title in titles)
    letters, _page = row(client, "/films/")
    assert [label for _url, _more, label in letters] == [*"#ABEZ", "中", "가"]
    assert [label for _url, more, label in letters if "aria-current" in more] == ["#"]
    letters, page = row(client, "/films/?letter=e")
    assert "./?letter=E" in [url for url, more, _label in letters if "aria-current" in more]
    assert '<link rel="canonical" href="http://testserver/films/?letter=E">' in page and "Élisa" in page
    assert "Amélie" not in page and 'rel="prev" href="./?before=' in page
    assert [film["title"] for film in client.get("/films.json?letter=z").json()["films"]] == [
        "Zelig", "花樣年華", "생활의 발견"
    ]  # fmt: skip
    letters, _page = row(client, "/films/?decade=1980s")
    assert [label for _url, _more, label in letters] == ["B", "Z"]
    assert client.get("/films/?letter=Z&decade=1980s").status_code == 200
    for by_other in ("sort=year", "q=li"):
        letters, page = row(client, f"/films/?{by_other}&letter=z")
        assert not letters and "letter=" not in page
    for wrong in ("zz", "%00", "1"):
        assert (
            client.get(f"/films/?letter={wrong}").status_code
            == client.get(f"/films.json?letter={wrong}").status_code
            == 400
        )
    assert b"letter cannot be given together" in client.get("/films/?letter=z&after=x").content
