"""Requests that the page cache does not serve are ordinary Django requests."""

import pytest
from django.core.signals import request_finished, request_started
from django.db import OperationalError, connection

from actors.listing.params import ListParams
from tests import pages
from tests.wsgi import Site

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

seen = []


def counting_middleware(get_response):
    """Return middleware, as another project might add, that records each request and marks its response."""

    def count(request):
        response = get_response(request)
        seen.append((request.method, request.path, request.resolver_match and request.resolver_match.view_name))
        response["X-Counted"] = "yes"
        return response

    return count


@pytest.fixture
def site(db, settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.counting_middleware"]
    seen.clear()
    return Site()


@pytest.fixture
def signals():
    sent = []

    def started(**kwargs):
        sent.append("started")

    def finished(**kwargs):
        sent.append("finished")

    request_started.connect(started)
    request_finished.connect(finished)
    yield sent
    request_started.disconnect(started)
    request_finished.disconnect(finished)


DATA = ["/actors.json", "/films.json?q=samurai", "/actors.csv", "/feed/", "/sitemap.xml"]


def test_uncached_request_passes_middleware_and_sends_signals(site, signals):
    pages.load()
    for url in [*map(pages.url, pages.PAGES), *DATA]:
        seen.clear()
        before = site.uncached_count
        _status, headers, _body = site.get(url)
        assert (site.uncached_count - before, len(seen), headers["X-Counted"]) == (1, 1, "yes"), url
    assert signals == ["started", "finished"] * site.uncached_count


def test_request_served_from_cache_passes_no_middleware(site):
    site.get("/")
    seen.clear()
    status, headers, _body = site.get("/")
    assert (status, seen, headers["X-Counted"]) == (200, [], "yes")


def test_post_request_passes_all_middleware(site):
    site.request("POST", "/language/")
    assert seen == [("POST", "/language/", "language")]


def test_database_error_in_view_returns_503(site, monkeypatch):
    def fail(*arguments, **named):
        raise OperationalError("away")

    monkeypatch.setattr(ListParams, "page", fail)
    for url in ("/?x", "/actors.json?x", "/films/?x", "/films.json?x"):
        status, headers, _body = site.get(url)
        assert (status, headers["Retry-After"], headers["X-Counted"]) == (503, "5", "yes"), url


@pytest.mark.postgresql
def test_connection_with_max_age_zero_is_closed_after_its_request(site, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0)
    connection.close()
    for url in ("/?x", "/", "/"):
        assert site.get(url)[0] == 200
        assert connection.connection is None
