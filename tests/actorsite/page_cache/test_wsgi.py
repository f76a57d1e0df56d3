"""The page cache: the same answer as without it, of the newest data, and nobody else's."""

import gzip
import json
import re
import time
from ipaddress import ip_network

import brotli
import pytest
from django.conf import settings
from django.db import connection
from django.utils.http import parse_http_date

from actors.db import data_version
from actors.listing.actors import ActorListing
from actors.models import Actor, Credit, Film
from actorsite.page_cache import compression, keys
from actorsite.page_cache.revision import revision_time
from actorsite.page_cache.store import PAGE_OVERHEAD_BYTES, CachedPage, PageStore
from tests.server import Server, migrated_database
from tests.wsgi import Site

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESSES = ["/", "/?q=mifune", "/?country=JP&sort=first", "/actors.json", "/actors.json?living=yes", "/feed/", "/api/"]
ADDRESSES += ["/robots.txt", "/openapi.json", "{actor}", "{film}", "{actor.json}"]
# In letters other than a to z, which Django and WSGI write in two ways.
ADDRESSES += ["{other actor}", "{other film}"]


@pytest.fixture
def site():
    return Site()


@pytest.fixture
def addresses(actor):
    film = Film.objects.create(title="Seven Samurai", year=1954)
    Credit.objects.create(actor=actor, film=film)
    Actor.objects.bulk_create(Actor(first_name=f"Number {n}") for n in range(60))
    own = {"{actor}": actor.get_absolute_url(), "{film}": film.get_absolute_url()}
    own["{actor.json}"] = f"{actor.get_absolute_url()[:-1]}.json"
    own["{other actor}"] = Actor.objects.create(first_name="Зинаида", last_name="Волкова").get_absolute_url()
    own["{other film}"] = Film.objects.create(title="七人の侍", year=1954).get_absolute_url()
    assert all("%" in own[name] for name in ("{other actor}", "{other film}"))
    return [own.get(address, address) for address in ADDRESSES]


def lasting(headers):
    return {name: value for name, value in headers.items() if name != "X-Request-Id"}


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("encoding", ["", "gzip", "gzip, deflate, br"])
def test_a_kept_page_is_what_was_rendered(site, addresses, language, encoding):
    asked = {"Accept-Language": language, "Accept-Encoding": encoding}
    for address in addresses:
        first = site.get(address, asked)
        site.asked = 0
        status, headers, body = site.get(address, asked)
        assert (site.asked, status) == (0, 200), address
        assert (lasting(headers), body) == (lasting(first[1]), first[2])
        assert headers["Content-Length"] == str(len(body))
        assert headers["Cache-Control"] == "public, no-cache"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Request-Id"] != first[1]["X-Request-Id"]
        head = site.request("HEAD", address, asked)
        assert (head[0], lasting(head[1]), head[2]) == (200, lasting(headers), b"")


def test_a_page_is_kept_for_head_too_and_head_is_get_without_the_page(addresses):
    for address in addresses:
        site = Site()
        head = site.request("HEAD", address)
        got = site.get(address)
        assert site.asked == 1
        assert lasting(head[1]) == lasting(got[1]) and got[2]


def test_a_page_is_compressed_as_is_accepted(site, addresses):
    plain = site.get("/")[2]
    for accepted, encoding, unpack in [
        ("gzip", "gzip", gzip.decompress),
        ("gzip, deflate, br, zstd", "br", brotli.decompress),
        ("br;q=0, gzip;q=0.5", "gzip", gzip.decompress),
        ("BR", "br", brotli.decompress),
        ("deflate", None, bytes),
        ("gzip;q=0", None, bytes),
        ("xgzip, " + "x" * 1_000, None, bytes),
    ]:
        for _ in range(2):
            _, headers, body = site.get("/", {"Accept-Encoding": accepted})
            assert (headers.get("Content-Encoding"), unpack(body)) == (encoding, plain), accepted
            assert "Accept-Encoding" in headers["Vary"]
        assert encoding is None or len(body) < len(plain) / 3


def test_no_page_is_given_for_another(site, addresses, settings):
    """By language, scheme, host, encoding and query; each twice, so that the second comes from the cache."""
    settings.ALLOWED_HOSTS = ["testserver", "other.example"]
    seen = {}
    for _ in range(2):
        for host in ("testserver", "other.example"):
            for language in ("en", "zh-CN"):
                for scheme in ("http", "https"):
                    for query in ("", "?sort=first"):
                        _, headers, body = site.get(
                            f"/{query}", {"Host": host, "Accept-Language": language}, **{"wsgi.url_scheme": scheme}
                        )
                        canonical = re.search(rb'rel="canonical" href="([^"]*)"', body)[1].decode()
                        assert canonical == f"{scheme}://{host}/{query}"
                        assert ("按名字搜索" in body.decode() or "演员" in body.decode()) == (language == "zh-CN")
                        assert ("Strict-Transport-Security" in headers) == (scheme == "https")
                        tag = seen.setdefault((host, language, scheme, query), headers["ETag"])
                        assert tag == headers["ETag"]
    assert len(set(seen.values())) == 16


def test_a_trusted_proxys_word_on_the_scheme_counts_and_no_one_elses(addresses, settings):
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/8")]
    site = Site()
    for _ in range(2):
        for peer, said, status, canonical in [
            ("10.0.0.1", "https", 200, b"https://testserver/"),
            ("10.0.0.1", "http", 301, None),
            ("192.0.2.1", "https", 200, b"http://testserver/"),
            ("192.0.2.1", "http", 200, b"http://testserver/"),
            ("::ffff:10.0.0.1", "http, https", 200, b"https://testserver/"),
        ]:
            answer = site.get("/", {"X-Forwarded-Proto": said}, REMOTE_ADDR=peer)
            assert answer[0] == status
            assert canonical is None or b'rel="canonical" href="' + canonical + b'"' in answer[2]


def test_a_choice_of_language_counts_before_what_the_browser_prefers(site, addresses):
    for _ in range(2):
        for cookie, language in [("django_language=zh-hans", "zh-hans"), ("django_language=xx", "en"), ("a=b", "en")]:
            assert site.get("/", {"Cookie": cookie})[1]["Content-Language"] == language


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        ("/spotlight/", {}),
        ("/", {"Cookie": "{session}=x"}),
        ("/nowhere/", {}),
        ("/?sort=size", {}),
        ("/actors.json?q=%00", {}),
        ("/", {"Host": "evil.example"}),
        ("/admin/login/", {}),
        ("/actors.csv", {}),
        ("/?utm_source=x", {}),
        ("/actors.json?q=", {}),
        ("/feed/?x", {}),
        ("/.well-known/security.txt", {}),
    ],
)
def test_what_is_not_for_all_or_not_by_this_address_is_not_kept(site, addresses, address, headers, settings):
    settings.SECURITY_CONTACT = "mailto:ada@example.org"
    for _ in range(2):
        before = site.asked
        site.get(address, {name: value.format(session=settings.SESSION_COOKIE_NAME) for name, value in headers.items()})
        assert site.asked == before + 1
    assert not site.cache.store.pages


def test_a_foreign_host_gets_nothing_from_the_cache(site, addresses):
    site.get("/")
    assert site.get("/", {"Host": "evil.example"})[0] == 400


def test_an_unchanged_page_needs_no_rendering_anywhere(site, addresses):
    """Another process, which has not rendered it, knows by the ETag alone."""
    for address in [*addresses, "/actors.csv", "/actors.ndjson", "/actors.csv?raw", "/sitemap.xml"]:
        tag = site.get(address)[1]["ETag"]
        other = Site()
        for wanted in (tag, f'"x", W/{tag}'):
            status, headers, body = other.get(address, {"If-None-Match": wanted})
            assert (status, body, other.asked) == (304, b"", 0), address
            assert headers["ETag"] == tag and headers["Cache-Control"] == "public, no-cache" and headers["Vary"]
        # From the page, where it is kept, the same.
        assert lasting(site.get(address, {"If-None-Match": tag})[1]) == lasting(headers)
        Film.objects.create(title="Another")
        assert other.get(address, {"If-None-Match": tag})[0] == 200


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("If-None-Match", "*", 304),
        ("If-None-Match", '"other", W/"more"', 200),
        ("If-None-Match", "malformed", 200),
        ("If-None-Match", '"' + "x" * 10_240, 200),
        ("If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT", 200),
        ("If-Modified-Since", "tomorrow", 200),
    ],
)
def test_conditions_are_answered_by_the_standard(site, db, header, value, status):
    for _ in range(2):
        assert site.get("/", {header: value})[0] == status
    assert site.get("/nowhere/", {header: value})[0] == 404


def test_every_change_is_another_etag_and_is_shown(site, actor):
    tags = set()
    for year in (1921, 1922, 1920):
        Actor.objects.update(birth_year=year)
        _, headers, body = site.get("/")
        assert str(year).encode() in body
        tags.add(headers["ETag"])
    assert len(tags) == 3


def test_the_last_change_is_said_to_the_second(site, actor):
    said = site.get("/")[1]["Last-Modified"]
    assert parse_http_date(said) == max(data_version.current().at, revision_time())


def test_a_page_of_before_a_write_is_not_kept_for_after_it(actor):
    """The version is read before the rows: what is written in between makes the page new, and never old."""
    site = Site()
    application = site.application

    def slow(*arguments):
        answer = application(*arguments)
        Actor.objects.update(birth_year=1999)
        return answer

    site.application = slow
    assert b"1920" in site.get("/")[2]
    site.application = application
    assert b"1999" in site.get("/")[2]


def test_a_version_may_be_remembered_where_the_operator_says_so(actor):
    site = Site(seconds=60)
    assert b"1920" in site.get("/")[2]
    Actor.objects.update(birth_year=1999)
    assert b"1920" in site.get("/")[2]
    site.cache.remembered_until = 0
    assert b"1999" in site.get("/")[2]


@pytest.mark.postgresql
@pytest.mark.parametrize("seconds", [0, 60])
def test_a_connection_that_was_lost_is_replaced_before_a_page_is_made(actor, seconds):
    site = Site(seconds)
    assert site.get("/")[0] == 200
    connection.connection.close()
    assert site.get("/?sort=first")[0] == 200


@pytest.mark.postgresql
@pytest.mark.parametrize("seconds", [0, 60])
def test_a_page_made_anew_waits_no_longer_than_a_request_may(actor, monkeypatch, seconds):
    """Also where a version is remembered: without its deadline this would sleep to the end, and then go on."""

    def slow(*arguments, **named):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(8)")

    site = Site(seconds)
    assert site.get("/")[0] == 200
    monkeypatch.setattr(ActorListing, "page", slow)
    site.cache.patience = 0.5
    try:
        assert site.get("/?sort=first")[0] == 503
    finally:
        connection.close()


def test_no_page_is_kept_of_what_only_looks_like_another_host(site, actor, settings):
    """All of them are allowed, and would make room for nothing but themselves."""
    settings.ALLOWED_HOSTS = ["testserver", "other.example"]
    hosts = ["testserver", "testserver:80", "testserver:443", "other.example"]
    for host in [*hosts, "testserver:81", "TestServer", "testserver.", "Other.example:80"]:
        assert site.get("/", {"Host": host})[0] == 200
    assert len(site.cache.store.pages) == len(hosts)


def test_the_tag_of_a_stream_is_weak_and_known_again(site, actor):
    tag = site.get("/actors.csv")[1]["ETag"]
    assert tag.startswith('W/"')
    assert site.get("/actors.csv", {"If-None-Match": tag})[0] == 304


def test_what_is_kept_is_bounded_and_the_latest_used_stays():
    store = PageStore(max_bytes=4 * (PAGE_OVERHEAD_BYTES + 1_000))
    for n in range(10):
        store.put(n, CachedPage("t", "e", [], b"x" * 1_000, "/", "list"))
        store.get(0, "t")
    store.put(9, CachedPage("u", "e", [], b"x" * 1_000, "/", "list"))
    assert sorted(store.pages) == [0, 7, 8, 9] and store.size == store.max_bytes
    assert store.get(0, "other") is None and store.get(9, "u")


def test_long_headers_are_not_remembered(site, addresses):
    before = keys.language_for.cache_info().currsize, keys.encoding_for.cache_info().currsize
    for n in range(5):
        site.get("/", {"Accept-Language": f"x{n}," * 1_000, "Accept-Encoding": f"x{n}," * 1_000})
    assert (keys.language_for.cache_info().currsize, keys.encoding_for.cache_info().currsize) == before


def test_a_kept_page_has_its_line_in_the_log(db):
    with migrated_database(["actors"]) as url, Server(url) as server:
        for method in ("GET", "GET", "HEAD"):
            server.request(method, "/?q=mifune", {"X-Request-Id": "given-1234"})
        tag = server.get("/")[1]["ETag"]
        server.get("/", {"If-None-Match": tag})
        lines = [json.loads(line) for line in server.log.splitlines() if '"actorsite.requests"' in line]
    assert [(line["method"], line["path"], line["status"]) for line in lines] == [
        *(("GET", "/", 200), ("GET", "/", 200), ("HEAD", "/", 200)),
        *(("GET", "/", 200), ("GET", "/", 304)),
    ]
    assert {line["request_id"] for line in lines[:3]} == {"given-1234"}
    assert all(line.keys() == lines[0].keys() for line in lines)


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br", "br"), ("GZIP;q=0.5", "gzip"), ("br ; q=0, gzip ;q=1.0", "gzip"), ("br;q=0.001", "br"),
        ("gzip;q=0.0", ""), ("br;q=none, brotli, xgzip", ""), ("*", ""), ("", ""), (",;, br", "br"),
    ],
)  # fmt: skip
def test_the_best_encoding_that_is_allowed_is_taken(accepted, encoding):
    assert compression.best_encoding(accepted) == encoding


@pytest.mark.parametrize("header", ["Accept-Encoding", "Accept-Language", "Cookie", "If-None-Match", "X-Request-Id"])
def test_no_header_takes_long_to_read(site, actor, header):
    """Of 100,000 characters: where the reading goes back for each, it takes minutes; else it is far from the bound."""
    site.get("/")
    for text in ("br" + " " * 100_000 + "x", '"' * 100_001, "a=" * 50_000, "\\" * 100_000, "; " * 50_000):
        begun = time.process_time()
        assert site.get("/", {header: text})[0] == 200
        assert time.process_time() - begun < 5


@pytest.mark.parametrize("cookie", ["a[b]=1; ", "path=1; ", 'x={"k":1}; ', "=; ;"])
def test_cookies_that_are_ill_formed_choose_nobody_elses_language(site, actor, cookie):
    """A key of another reading than the site's own had a page in Chinese kept for those who read English."""
    for address in ("/", "/api/", "/feed/"):
        asked = {"Accept-Language": "en"}
        chosen = site.get(address, {**asked, "Cookie": f"{cookie}django_language=zh-hans"})[1]["Content-Language"]
        assert chosen == "zh-hans"
        assert site.get(address, asked)[1]["Content-Language"] == "en"


def test_who_is_signed_in_gets_no_kept_page_however_ill_formed_the_other_cookies(site, actor):
    site.get("/")
    site.asked = 0
    site.get("/", {"Cookie": f"a[b]=1; {settings.SESSION_COOKIE_NAME}=x"})
    assert site.asked == 1
