"""The page cache: cached pages equal rendered ones, are never stale, and are served only for the same key."""

import gzip
import json
import re
import time
from ipaddress import ip_network

import brotli
import pytest
from django.conf import settings
from django.db import connection
from django.test import RequestFactory
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

URLS = ["/", "/?q=mifune", "/?country=JP&sort=first", "/actors.json", "/actors.json?living=yes", "/feed/", "/api/"]
URLS += ["/robots.txt", "/openapi.json", "{actor}", "{film}", "{actor.json}"]
# URLs with non-ASCII letters, which Django and WSGI encode differently.
URLS += ["{other actor}", "{other film}"]


@pytest.fixture
def site():
    return Site()


@pytest.fixture
def urls(actor):
    film = Film.objects.create(title="Seven Samurai", year=1954)
    Credit.objects.create(actor=actor, film=film)
    Actor.objects.bulk_create(Actor(first_name=f"Number {n}") for n in range(60))
    own = {"{actor}": actor.get_absolute_url(), "{film}": film.get_absolute_url()}
    own["{actor.json}"] = f"{actor.get_absolute_url()[:-1]}.json"
    own["{other actor}"] = Actor.objects.create(first_name="Зинаида", last_name="Волкова").get_absolute_url()
    own["{other film}"] = Film.objects.create(title="七人の侍", year=1954).get_absolute_url()
    assert all("%" in own[name] for name in ("{other actor}", "{other film}"))
    return [own.get(url, url) for url in URLS]


def without_request_id(headers):
    return {name: value for name, value in headers.items() if name != "X-Request-Id"}


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("encoding", ["", "gzip", "gzip, deflate, br"])
def test_cached_page_equals_rendered_page(site, urls, language, encoding):
    asked = {"Accept-Language": language, "Accept-Encoding": encoding}
    for url in urls:
        first = site.get(url, asked)
        site.uncached_count = 0
        status, headers, body = site.get(url, asked)
        assert (site.uncached_count, status) == (0, 200), url
        assert (without_request_id(headers), body) == (without_request_id(first[1]), first[2])
        assert headers["Content-Length"] == str(len(body))
        assert headers["Cache-Control"] == "public, no-cache"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Request-Id"] != first[1]["X-Request-Id"]
        head = site.request("HEAD", url, asked)
        assert (head[0], without_request_id(head[1]), head[2]) == (200, without_request_id(headers), b"")


def test_head_caches_the_page_and_has_headers_of_get(urls):
    for url in urls:
        site = Site()
        head = site.request("HEAD", url)
        got = site.get(url)
        assert site.uncached_count == 1
        assert without_request_id(head[1]) == without_request_id(got[1]) and got[2]


def test_page_is_compressed_as_accept_encoding_allows(site, urls):
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


def test_pages_differ_by_language_scheme_host_and_query(site, urls, settings):
    """Each page is requested twice, and the second response comes from the cache."""
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


def test_forwarded_scheme_is_used_from_trusted_proxies_only(urls, settings):
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/8")]
    site = Site()
    for _ in range(2):
        for peer, forwarded, status, canonical in [
            ("10.0.0.1", "https", 200, b"https://testserver/"),
            ("10.0.0.1", "http", 301, None),
            ("192.0.2.1", "https", 200, b"http://testserver/"),
            ("192.0.2.1", "http", 200, b"http://testserver/"),
            ("::ffff:10.0.0.1", "http, https", 200, b"https://testserver/"),
        ]:
            response = site.get("/", {"X-Forwarded-Proto": forwarded}, REMOTE_ADDR=peer)
            assert response[0] == status
            assert canonical is None or b'rel="canonical" href="' + canonical + b'"' in response[2]


def test_language_cookie_sets_the_language_of_the_page(site, urls):
    for _ in range(2):
        for cookie, language in [("django_language=zh-hans", "zh-hans"), ("django_language=xx", "en"), ("a=b", "en")]:
            assert site.get("/", {"Cookie": cookie})[1]["Content-Language"] == language


@pytest.mark.parametrize(
    ("url", "headers"),
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
def test_unpublished_responses_and_noncanonical_urls_are_not_cached(site, urls, url, headers, settings):
    settings.SECURITY_CONTACT = "mailto:ada@example.org"
    for _ in range(2):
        before = site.uncached_count
        site.get(url, {name: value.format(session=settings.SESSION_COOKIE_NAME) for name, value in headers.items()})
        assert site.uncached_count == before + 1
    assert not site.cache.store.pages


def test_cached_page_is_not_served_for_unknown_host(site, urls):
    site.get("/")
    assert site.get("/", {"Host": "evil.example"})[0] == 400


def test_304_response_needs_no_rendering_in_any_process(site, urls):
    """A process that has not rendered the page returns 304 from the ETag alone."""
    for url in [*urls, "/actors.csv", "/actors.ndjson", "/actors.csv?raw", "/sitemap.xml"]:
        tag = site.get(url)[1]["ETag"]
        other = Site()
        for wanted in (tag, f'"x", W/{tag}'):
            status, headers, body = other.get(url, {"If-None-Match": wanted})
            assert (status, body, other.uncached_count) == (304, b"", 0), url
            assert headers["ETag"] == tag and headers["Cache-Control"] == "public, no-cache" and headers["Vary"]
        # A process that has cached the page returns the same headers.
        assert without_request_id(site.get(url, {"If-None-Match": tag})[1]) == without_request_id(headers)
        Film.objects.create(title="Another")
        assert other.get(url, {"If-None-Match": tag})[0] == 200


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
def test_conditional_requests_follow_rfc_9110(site, db, header, value, status):
    for _ in range(2):
        assert site.get("/", {header: value})[0] == status
    assert site.get("/nowhere/", {header: value})[0] == 404


def test_page_after_a_change_has_new_content_and_etag(site, actor):
    tags = set()
    for year in (1921, 1922, 1920):
        Actor.objects.update(birth_year=year)
        _, headers, body = site.get("/")
        assert str(year).encode() in body
        tags.add(headers["ETag"])
    assert len(tags) == 3


def test_last_modified_is_the_time_of_the_last_change(site, actor):
    last_modified = site.get("/")[1]["Last-Modified"]
    assert parse_http_date(last_modified) == max(data_version.current().at, revision_time())


def test_page_rendered_before_a_write_is_not_served_after_it(actor):
    """The version is read before the rows, so a write in between can only make a page newer than its version."""
    site = Site()
    application = site.application

    def slow(*arguments):
        response = application(*arguments)
        Actor.objects.update(birth_year=1999)
        return response

    site.application = slow
    assert b"1920" in site.get("/")[2]
    site.application = application
    assert b"1999" in site.get("/")[2]


def test_stale_page_is_served_for_at_most_cache_seconds(actor):
    site = Site(seconds=60)
    assert b"1920" in site.get("/")[2]
    Actor.objects.update(birth_year=1999)
    assert b"1920" in site.get("/")[2]
    site.cache.remembered_until = 0
    assert b"1999" in site.get("/")[2]


@pytest.mark.postgresql
@pytest.mark.parametrize("seconds", [0, 60])
def test_lost_connection_is_replaced_before_rendering(actor, seconds):
    site = Site(seconds)
    assert site.get("/")[0] == 200
    connection.connection.close()
    assert site.get("/?sort=first")[0] == 200


@pytest.mark.postgresql
@pytest.mark.parametrize("seconds", [0, 60])
def test_slow_rendering_ends_at_the_request_deadline(actor, monkeypatch, seconds):
    """Without a deadline, the response would come after 8 s. A remembered data version makes no difference."""

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


def test_pages_for_other_spellings_of_a_host_are_not_cached(site, actor, settings):
    """ALLOWED_HOSTS permits these spellings, and their pages would evict those that visitors request."""
    settings.ALLOWED_HOSTS = ["testserver", "other.example"]
    hosts = ["testserver", "testserver:80", "testserver:443", "other.example"]
    for host in [*hosts, "testserver:81", "TestServer", "testserver.", "Other.example:80"]:
        assert site.get("/", {"Host": host})[0] == 200
    assert len(site.cache.store.pages) == len(hosts)


def test_weak_etag_of_a_stream_returns_304(site, actor):
    tag = site.get("/actors.csv")[1]["ETag"]
    assert tag.startswith('W/"')
    assert site.get("/actors.csv", {"If-None-Match": tag})[0] == 304


def test_store_is_bounded_and_keeps_recently_used_pages():
    store = PageStore(max_bytes=4 * (PAGE_OVERHEAD_BYTES + 1_000))
    for n in range(10):
        store.put(n, CachedPage("t", "e", [], b"x" * 1_000, "/", "list"))
        store.get(0, "t")
    store.put(9, CachedPage("u", "e", [], b"x" * 1_000, "/", "list"))
    assert sorted(store.pages) == [0, 7, 8, 9] and store.size == store.max_bytes
    assert store.get(0, "other") is None and store.get(9, "u")


def test_results_of_parsing_long_headers_are_not_cached(site, urls):
    before = keys.language_for.cache_info().currsize, keys.encoding_for.cache_info().currsize
    for n in range(5):
        site.get("/", {"Accept-Language": f"x{n}," * 1_000, "Accept-Encoding": f"x{n}," * 1_000})
    assert (keys.language_for.cache_info().currsize, keys.encoding_for.cache_info().currsize) == before


def test_cached_responses_are_logged_like_rendered_ones(db):
    with migrated_database(["actors", "films"]) as url, Server(url) as server:
        for method in ("GET", "GET", "HEAD"):
            server.request(method, "/?q=mifune", {"X-Request-Id": "given-1234"})
        tag = server.get("/")[1]["ETag"]
        server.get("/", {"If-None-Match": tag})
        end = time.monotonic() + 10
        # A response is logged after it is sent.
        while len(lines := [line for line in server.log.splitlines() if '"actorsite.requests"' in line]) < 5:
            assert time.monotonic() < end, server.log
            time.sleep(0.02)
    lines = [json.loads(line) for line in lines]
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
def test_best_encoding_returns_the_best_accepted_encoding(accepted, encoding):
    assert compression.best_encoding(accepted) == encoding


@pytest.mark.parametrize("header", ["Accept-Encoding", "Accept-Language", "Cookie", "If-None-Match", "X-Request-Id"])
def test_long_headers_are_parsed_quickly(site, actor, header):
    """Headers of 100,000 characters: parsing in quadratic time takes minutes, in linear time far less than 5 s."""
    site.get("/")
    for text in ("br" + " " * 100_000 + "x", '"' * 100_001, "a=" * 50_000, "\\" * 100_000, "; " * 50_000):
        begun = time.process_time()
        assert site.get("/", {header: text})[0] == 200
        assert time.process_time() - begun < 5


@pytest.mark.parametrize("cookie", ["a[b]=1; ", "path=1; ", 'x={"k":1}; ', "=; ;"])
def test_malformed_cookie_does_not_change_language_for_others(site, actor, cookie):
    """Regression: key and page parsed the cookies differently, and a Chinese page was cached as an English one."""
    for url in ("/", "/api/", "/feed/"):
        asked = {"Accept-Language": "en"}
        chosen = site.get(url, {**asked, "Cookie": f"{cookie}django_language=zh-hans"})[1]["Content-Language"]
        assert chosen == "zh-hans"
        assert site.get(url, asked)[1]["Content-Language"] == "en"


def test_session_cookie_after_malformed_one_bypasses_the_cache(site, actor):
    site.get("/")
    site.uncached_count = 0
    site.get("/", {"Cookie": f"a[b]=1; {settings.SESSION_COOKIE_NAME}=x"})
    assert site.uncached_count == 1


def test_cache_hits_are_counted_by_status_and_view(urls):
    hits = []
    site = Site(on_hit=lambda method, status, view, seconds: hits.append((method, status, view, seconds > 0)))
    etag = site.get("/")[1]["ETag"]
    site.get("/")
    site.get("/", {"If-None-Match": etag})
    assert hits == [("GET", 200, "list", True), ("GET", 304, "list", True)]


def test_cached_response_is_logged_and_counted_after_it_is_sent(urls, capsys):
    hits = []
    site = Site(on_hit=lambda *hit: hits.append(hit))
    site.get("/")
    capsys.readouterr()
    body = site.cache(RequestFactory().get("/", headers={"Host": "testserver"}).environ, lambda *started: None)
    assert b"<!doctype html>" in b"".join(body)
    assert (hits, capsys.readouterr().out) == ([], "")
    body.close()
    assert len(hits) == 1 and "GET / 200" in capsys.readouterr().out


def test_304_without_cached_page_is_counted_by_its_view(urls):
    etag = Site().get("/")[1]["ETag"]
    hits = []
    Site(on_hit=lambda *hit: hits.append(hit[:3])).get("/", {"If-None-Match": etag})
    assert hits == [("GET", 304, "list")]
