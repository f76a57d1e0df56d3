"""The list of films, as a page and as data."""

import csv
import io
import json
import re
from html import unescape

import pytest
from django.db import connection

from actors.exports import records
from actors.models import Actor, Credit, Film

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]


@pytest.fixture
def films():
    """Create Seven Samurai, Tokyo Story, Breathless, Amélie, and Lost, which has no year."""
    Film.objects.bulk_create(
        Film(title=title, original_title=original, year=year)
        for title, original, year in (
            ("Seven Samurai", "七人の侍", 1954),
            ("Tokyo Story", "東京物語", 1953),
            ("Breathless", "À bout de souffle", 1960),
            ("Amélie", "", 2001),
            ("Lost", "", None),
        )
    )


@pytest.fixture
def many():
    Film.objects.bulk_create(Film(title=f"Part {n:03}", year=1900 + n % 7 if n % 9 else None) for n in range(120))


def titles(response):
    return [
        unescape(re.sub(r"<.*?>", "", title)).strip()
        for title in re.findall(r'<li>\s*<a href="/films/\d[^"]*">(.*?)</a>', response.content.decode(), re.DOTALL)
    ]


def streamed(response):
    return b"".join(response.streaming_content).decode()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Amélie", "Breathless", "Lost", "Seven Samurai", "Tokyo Story"]),
        ("?sort=year", ["Amélie", "Breathless", "Seven Samurai", "Tokyo Story", "Lost"]),
        ("?q=AMELIE", ["Amélie"]),
        ("?q=a+bout", ["Breathless"]),
        ("?q=s", ["Seven Samurai", "Breathless", "Tokyo Story"]),
        ("?q=s&sort=year", ["Breathless", "Seven Samurai", "Tokyo Story"]),
        ("?q=%E4%BE%8D", ["Seven Samurai"]),
        ("?q=to", ["Tokyo Story"]),
        ("?decade=1950s", ["Seven Samurai", "Tokyo Story"]),
        ("?decade=1950s&sort=year", ["Seven Samurai", "Tokyo Story"]),
        ("?decade=1950s&q=story", ["Tokyo Story"]),
        ("?decade=1960s&q=s&sort=title", ["Breathless"]),
        ("?q=---", []),
    ],
)
def test_page_and_data_find_the_same_films(client, films, query, found):
    assert titles(client.get(f"/films/{query}")) == found
    response = client.get(f"/films.json{query}").json()
    assert [film["title"] for film in response["films"]] == found and response["total"] == len(found)
    lines = streamed(client.get(f"/films.ndjson{query}")).splitlines()
    rows = list(csv.DictReader(io.StringIO(streamed(client.get(f"/films.csv{query}")))))
    assert [json.loads(line)["title"] for line in lines] == [row["title"] for row in rows]
    assert sorted(row["title"] for row in rows) == sorted(found)


def test_search_sorted_by_year_sorts_a_bounded_number(client, monkeypatch):
    """Regression: for a word that is in many titles, all of them were read and sorted."""
    years = [None, 2001, 999, 1999, 1999, 0]
    for number, year in enumerate(years):
        Film.objects.create(title=f"Part {number}", year=year)
    assert titles(client.get("/films/?q=part&sort=year")) == [f"Part {number}" for number in (1, 3, 4, 2, 0, 5)]
    monkeypatch.setattr("actors.search.ranking.MAX_SORTED_BY_NAME", 5)
    page = client.get("/films/?q=part&sort=year")
    assert titles(page) == [f"Part {number}" for number in (1, 3, 4, 2, 0)] and b"More than 5 films" in page.content
    assert client.get("/films.json?q=part&sort=year").json()["total"] is None
    assert len(streamed(client.get("/films.ndjson?q=part&sort=year")).splitlines()) == 6


def test_each_film_in_a_list_has_the_fields_of_its_own_json(client, films):
    film = client.get("/films.json?q=samurai").json()["films"][0]
    record = client.get(film["url"].removesuffix("/") + ".json").json()
    assert film == {name: value for name, value in record.items() if name != "cast"}
    line = json.loads(streamed(client.get("/films.ndjson?q=samurai")))
    assert line == {name: film[name] for name in records.FILM_FIELDS}
    assert streamed(client.get("/films.csv?q=lost")) == f"id,title,original_title,year\r\n{line_of('Lost')},Lost,,\r\n"


def line_of(title):
    return Film.objects.get(title=title).pk


@pytest.mark.parametrize("query", ["", "?sort=year", "?q=part", "?q=part&sort=year", "?decade=1900s"])
def test_pages_link_through_all_films_and_back(client, many, query):
    whole = [json.loads(line)["title"] for line in streamed(client.get(f"/films.ndjson{query}")).splitlines()]
    assert len(whole) == (120 if "decade" not in query else 106)
    url, seen, pages = f"/films/{query}", [], []
    while url:
        response = client.get(url)
        pages.append(titles(response))
        seen += pages[-1]
        head = response.content.decode().split("<body>")[0]
        before = re.search(r'<link rel="prev" href="\.([^"]*)"', head)
        after = re.search(r'<link rel="next" href="\.([^"]*)"', head)
        url = after and f"/films{unescape(after[1])}"
    assert seen == whole
    assert titles(client.get(f"/films{unescape(before[1])}")) == pages[-2]
    url, seen = f"/films.json{query}", []
    while url:
        response = client.get(url).json()
        seen += [film["title"] for film in response["films"]]
        url = response["next"]
    assert seen == whole


def test_page_title_shows_filter_and_range(client, many):
    response = client.get("/films/?decade=1900s")
    page, shown = response.content.decode(), titles(response)
    assert f"<title>Films of the 1900s · {shown[0]} – {shown[-1]} · Films · Actorsite</title>" in page
    assert "106 films" in page and '<a href="/films/" aria-current="true">Films</a>' in page
    assert '<a href="/films/" aria-current="page">Films</a>' in client.get("/films/").content.decode()


@pytest.mark.parametrize(
    ("asked", "canonical"),
    [
        ("?sort=title", ""),
        ("?sort=year&decade=1950s&utm=x", "?decade=1950s&amp;sort=year"),
        ("?q=++seven+%20samurai", "?q=seven+samurai"),
        ("?q=s&sort=title", "?q=s&amp;sort=title"),
    ],
)
def test_each_view_has_one_canonical_url(client, films, asked, canonical):
    page = client.get(f"/films/{asked}")
    assert f'<link rel="canonical" href="http://testserver/films/{canonical}">' in page.content.decode()
    assert page.content == client.get(f"/films/{unescape(canonical)}").content


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("sort=age", "sort must be title or year"),
        ("decade=1950", "decade must be a decade, such as 1940s"),
        ("q=" + "x" * 201, "q must be at most 200 characters long; it has 201"),
        ("q=a&q=b", "q is given more than once"),
        ("after=x&before=y", "after and before cannot be given together"),
        ("after=x", "after must be copied from a link"),
        ("sort=year&before=x", "before must be copied from a link"),
        ("q=a&after=x", "after must be copied from a link"),
    ],
)
def test_invalid_parameter_returns_400_with_the_allowed_values(client, query, message):
    page, response = client.get(f"/films/?{query}"), client.get(f"/films.json?{query}")
    assert page.status_code == response.status_code == 400
    assert message in page.content.decode() and message in response.json()["detail"]


def test_cursor_is_valid_for_its_own_list_only(client, many):
    after = client.get("/films.json?sort=year").json()["next"].split("after=")[1]
    assert client.get(f"/films.json?sort=year&after={after}").status_code == 200
    for other in (f"/films.json?after={after}", f"/films/?decade=1900s&after={after}", f"/?after={after}"):
        assert client.get(other).status_code == 400


def test_page_with_all_films_deleted_redirects_to_the_first(client, many):
    after = client.get("/films.json").json()["next"].split("after=")[1]
    Film.objects.all().delete()
    assert client.get(f"/films/?after={after}")["Location"] == "./"


def test_empty_result_shows_titles_near_in_the_alphabet(client, films):
    page = client.get("/films/?q=brx")
    assert "No films found" in page.content.decode() and titles(page)[0] == "Lost"
    Film.objects.all().delete()
    assert "There are no films yet" in client.get("/films/").content.decode()


def test_any_page_needs_at_most_five_queries(client, many, django_assert_max_num_queries):
    Film.objects.update(original_title="映画")
    Credit.objects.create(film=Film.objects.first(), actor=Actor.objects.create(first_name="A"))
    after = client.get("/films.json?sort=year").json()["next"].split("after=")[1]
    queries = ["", f"?sort=year&after={after}", "?q=part", "?q=part&sort=year&decade=1900s", "?letter=p"]
    # Searches that find nothing also look for suggestions, and check that these find something.
    queries += ["?q=nothing", "?q=prat", "?q=prat+nothing+pary&decade=1900s"]
    for query in queries:
        with django_assert_max_num_queries(5):
            assert client.get(f"/films/{query}").status_code == 200


def test_original_title_has_the_language_of_most_cast_members(client, films):
    ozu = Actor.objects.create(last_name="Hara", country="JP")
    Credit.objects.create(film=Film.objects.get(title="Tokyo Story"), actor=ozu)
    assert '<bdi class="native" lang="ja">東京物語</bdi>' in client.get("/films/").content.decode()


def test_titles_are_escaped_and_matches_marked(client):
    Film.objects.create(title="<b>Bold</b>")
    assert "&lt;b&gt;Bold" in client.get("/films/").content.decode()
    assert "<mark>Bol</mark>d&lt;" in client.get("/films/?q=bol").content.decode()


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_cells_are_escaped_unless_raw_is_set(client, start):
    Film.objects.create(title=f"{start}1+1", year=1962)
    safe, raw = (streamed(client.get(f"/films.csv{query}")).splitlines()[1] for query in ("", "?raw"))
    assert safe.endswith(f",'{start}1+1,,1962") and raw.endswith(f",{start}1+1,,1962")


@pytest.mark.postgresql
def test_films_by_copy_equal_output_of_python(films, monkeypatch):
    Film.objects.create(title='Odd, "one"', original_title="=1\t")
    rows = Film.objects.with_newest().order_by("newest", "sort_title", "id")
    writers = (
        lambda: records.ndjson_stream(rows, records.FILM_FIELDS),
        lambda: records.csv_stream(rows, records.FILM_FIELDS),
    )
    copied = [b"".join(write()) for write in writers]
    monkeypatch.setattr(connection, "vendor", "python")
    assert copied == [b"".join(write()) for write in writers]


def test_cross_origin_reads_are_allowed_and_writes_refused(client):
    for kind in ("json", "csv", "ndjson"):
        assert client.get(f"/films.{kind}")["Access-Control-Allow-Origin"] == "*"
        assert client.post(f"/films.{kind}").status_code == 405
    assert client.post("/films/").status_code == 405


def test_film_list_is_linked_and_links_to_its_data(client, films):
    film = Film.objects.first()
    assert '<a href="/films/">All films</a>' in client.get(film.get_absolute_url()).content.decode()
    assert '<a href="/films/">Films</a>' in client.get("/").content.decode()
    page = unescape(client.get("/films/?q=s&decade=1950s").content.decode())
    for kind, name in (("application/json", "json"), ("text/csv", "csv"), ("application/x-ndjson", "ndjson")):
        assert f'<link rel="alternate" type="{kind}" href="/films.{name}?q=s&decade=1950s">' in page
    assert '<option value="1950s" selected>' in page


def test_film_list_is_translated_to_chinese(client, films):
    page = client.get("/films/?decade=1950s", headers={"accept-language": "zh-CN"}).content.decode()
    assert "2 部影片" in page and "按片名搜索" in page


@pytest.mark.slow
def test_each_sort_order_has_an_index():
    Film.objects.bulk_create(Film(title=f"{row * 7919 % 26**3:x}", year=1900 + row % 120) for row in range(3_000))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE actors_film" if connection.vendor == "postgresql" else "ANALYZE")
    newest = Film.objects.with_newest()
    for index, films in (
        ("film_newest", newest.order_by("newest", "sort_title", "id")),
        ("film_newest", newest.of_newest(1950, 1959).order_by("newest", "sort_title", "id")),
        ("film_decade", Film.objects.of_decade(1950).order_by("sort_title", "id")),
    ):
        assert index in films[:50].explain()
