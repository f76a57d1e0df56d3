"""The short way to the public pages ends where the whole one does."""

import json
import re

import pytest
from django.db import OperationalError, connection

from actors.exports import records
from actors.listing.params import ListParams
from actors.models import Actor
from tests import pages
from tests.wsgi import Site

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESSES = ["/", "/?x", "/?sort=first&living=no", "/?letter=m", "/?q=wong", "/?q=a&sort=last", "/?q=xyzzy&country=JP"]
ADDRESSES += ["/actors.json", "/actors.json?x", "/actors.json?q=wong", "/actors.json?q=xyzzy"]
# A redirect, mistakes, nothing there, a deleted one.
ADDRESSES += ["/?sort=size", "/actors.json?country=ZZ", "/?after=forged", "{actor}", "{actor}?x", "{actor.json}"]
ADDRESSES += ["/actors/1001/", "/actors/1001.json", "/actors/999/", "/actors/999.json", "/actors/12345/", "/nowhere/"]
ADDRESSES += ["/films/", "/films/?sort=year&decade=1950s", "/films/?q=samuria", "/films/?letter=m", "/films/?sort=size"]
ADDRESSES += ["/films.json", "/films.json?q=samuria&x", "/films.json?after=forged", "{film.json}", "/films/12345/"]
ADDRESSES += ["{film}", "/actors/?q=wong", "/actors", "/?q=%00", "/?q=%ff", "/spotlight", "/api/"]


@pytest.fixture
def sites(monkeypatch):
    """The site, and one in which everything goes the whole way, and nothing is made of what was kept."""
    pages.load()
    short, whole = Site(), Site()
    whole.public.match = lambda environ: environ.pop("actors.version") and None
    return short, whole


def comparable(answer):
    status, headers, body = answer
    headers = {name: value for name, value in headers.items() if name != "X-Request-Id"}
    if "Vary" in headers:
        headers["Vary"] = set(re.split(", *", headers["Vary"])) - {"Cookie"}
    return status, headers, body


@pytest.mark.parametrize(
    ("language", "scheme", "encoding"), [("en", "http", ""), ("zh-CN", "https", ""), ("en", "https", "br, gzip")]
)
def test_both_ways_end_alike(sites, language, scheme, encoding):
    """Twice each: the second answer may be made of what the first has left."""
    short, whole = sites
    asked = {"Accept-Language": language, "Accept-Encoding": encoding}
    for address in ADDRESSES * 2:
        address = address.replace(".json}", "}.json").format(actor=pages.address("actor"), film=pages.address("film"))
        address = address.replace("/.json", ".json")
        for headers in (asked, {**asked, "Host": "evil.example"}, {**asked, "Cookie": "django_language=zh-hans"}):
            for method in ("GET", "HEAD"):
                given = {"wsgi.url_scheme": scheme}
                first = comparable(short.request(method, address, headers, **given))
                second = comparable(whole.request(method, address, headers, **given))
                if encoding and first[0] != 200:
                    # Padded at random against BREACH, which may leave it longer than it was.
                    first, second = first[0], second[0]
                assert first == second, (method, address, headers)


def test_what_is_asked_for_often_goes_the_short_way(sites, monkeypatch):
    short, _ = sites
    monkeypatch.setattr(short.public, "application", None)
    for address in ("/", "/?x", "/actors.json", "/films/", "/films/?q=samurai", "/films.json"):
        assert short.get(address)[0] == 200
    for address in (pages.address("actor"), pages.address("film")):
        assert short.get(address)[0] == short.get(f"{address.removesuffix('/')}.json")[0] == 200


def test_an_error_is_the_page_of_an_error(sites, monkeypatch):
    def away(*arguments, **named):
        raise OperationalError("away")

    monkeypatch.setattr(ListParams, "page", away)
    for address in ("/?x", "/actors.json?x", "/films/?x", "/films.json?x"):
        (*first, page), (*second, other) = (comparable(site.get(address)) for site in sites)
        assert first == second and page == other
        assert first[0] == 503 and first[1]["Retry-After"]


@pytest.mark.postgresql
def test_a_connection_whose_time_has_come_is_closed_after_its_page(sites, monkeypatch):
    short, _ = sites
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0)
    connection.close()
    assert short.get("/?x")[0] == 200
    assert connection.connection is None


def test_what_was_kept_for_a_version_is_not_shown_after_it(sites):
    short, _ = sites
    addresses = ("/?x", "/?q=mifune&living=yes&x", "/actors.json?x")
    before = [short.get(address)[2] for address in addresses]
    assert before == [short.get(address)[2] for address in addresses]
    Actor.objects.create(first_name="Åse", last_name="Mifune", country="NO", birth_year=1817)
    after = [short.get(address)[2].decode() for address in addresses]
    assert "country=NO" in after[0] and "country=NO" in after[1]
    assert "Åse" in after[1] and "Norway" in after[1]
    totals = [json.loads(text)["total"] for text in (before[2], after[2])]
    assert totals == [Actor.objects.count() - 1, Actor.objects.count()]


def test_what_is_typed_is_text_wherever_it_stands(sites):
    short, whole = sites
    for typed in ("%3Cscript%3E%26%22%27+x", "%EE%80%80wong", "%EF%80%80", "%25EF%2580%2580", "wong%20%20W", "%7B%7D"):
        for more in ("", "&sort=last", "&country=HK"):
            for _ in range(2):
                address = f"/?q={typed}{more}"
                assert short.get(address)[2] == whole.get(address)[2]


HOSTILE = ["<b>&amp;\"'", "\\u0022\\\\", "\ue000\uf000", "😀👩‍👧", "%s{}%%", "a\u00a0b", "Ω", '","url":"']


def plain(actor):
    """An actor as JSON, straightforwardly."""
    return {**records.to_record(records.actor_values(actor)), "url": f"http://testserver{actor.get_absolute_url()}"}


def test_rows_as_data_are_what_they_were_and_what_became_of_them(sites):
    """Twice each, for the rows that are kept, and after each column was changed behind the models' back."""
    short, _ = sites
    for text in HOSTILE:
        Actor.objects.create(
            first_name=text, last_name=f"Åå {text}", native_name=text, biography=f"{text}\n{text}", also_known_as=text
        )

    def look():
        address, seen = "/actors.json?sort=first&x", []
        while address:
            body = short.get(address)[2].decode()
            page = json.loads(body)
            expected = [plain(Actor.objects.get(pk=row["id"])) for row in page["actors"]]
            text = json.dumps(expected, ensure_ascii=False, separators=(",", ":"))
            assert body.endswith(f',"suggestions":[],"actors":{text}}}')
            address, seen = page["next"] and page["next"].removeprefix("http://testserver"), seen + page["actors"]
        assert len(seen) == Actor.objects.count()

    look()
    look()
    number = Actor.objects.get(last_name="Mifune").pk
    for column, value in (
        ("first_name", "'Toshi'"),
        ("native_name", "'三船'"),
        ("birth_year", "1921"),
        ("death_year", "NULL"),
        ("country", "'CN'"),
        ("biography", "'Else.'"),
        ("also_known_as", "'A / B'"),
        ("last_update", "'2001-02-03 04:05:06.000007'"),
    ):
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE actor SET {column} = {value} WHERE actor_id = {number}")
        look()


def test_a_list_shows_what_became_of_a_row(sites):
    short, whole = sites
    number = Actor.objects.get(last_name="Mifune").pk
    for column, value in (("first_name", "'<b>'"), ("native_name", "''"), ("birth_year", "1921"), ("country", "'CN'")):
        for language in ("en", "zh-CN"):
            for address in ("/?x&letter=m", "/?x&letter=m&sort=first"):
                asked = {"Accept-Language": language}
                assert short.get(address, asked)[2] == whole.get(address, asked)[2]
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE actor SET {column} = {value} WHERE actor_id = {number}")
    assert "&lt;b&gt; <b>Mifune</b>" in short.get("/?x&letter=m")[2].decode()
