"""Hostile URLs and headers get a page with an explanation, never a 500."""

import re

import pytest
from django.template.loader import render_to_string

pytestmark = pytest.mark.django_db

PUBLIC = ("/", "/spotlight/", "/actors/1-x/", "/nowhere/", "/admin/login/")


@pytest.mark.parametrize("query", ["q=%00", "q=a%00b", "q=%ff%fe", "q=%ED%A0%80", "%00", "x=%C3"])
@pytest.mark.parametrize("url", PUBLIC)
def test_query_string_not_in_utf8_returns_400_on_every_page(client, url, query):
    response = client.generic("GET", url, QUERY_STRING=query)
    assert response.status_code == 400
    assert "must be UTF-8" in response.content.decode()


@pytest.mark.parametrize("query", ["q=%C3%A9", "q=%F0%9F%98%80", "q=a%0Ab", "q=%", "q=%zz", "&&==&", "q=%E2%80%AE"])
def test_unusual_but_valid_query_string_returns_200(client, query):
    assert client.generic("GET", "/", QUERY_STRING=query).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "OPTIONS", "PROPFIND"])
@pytest.mark.parametrize("url", ["/", "/spotlight/", "/actors/1-x/"])
def test_methods_other_than_get_and_head_return_405(url, method, client):
    client.handler.enforce_csrf_checks = True
    response = client.generic(method, url)
    assert response.status_code == 405
    assert response["Allow"] == "GET, HEAD"


@pytest.mark.parametrize("url", ["/", "/actors/{pk}-toshiro-mifune/", "/?q=nobody"])
def test_head_request_returns_headers_of_get_without_body(client, actor, url):
    url = url.format(pk=actor.pk)
    head, get = client.head(url), client.get(url)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("Content-Length", "Content-Type", "Cache-Control", "Vary"):
        assert head[name] == get[name]


@pytest.mark.parametrize("url", ["/", "/actors/{pk}-toshiro-mifune/", "/spotlight/", "/nowhere/", "/?sort=x"])
def test_public_pages_neither_set_nor_vary_by_cookies(client, actor, url):
    cookies = f"__Host-sessionid={'x' * 32}; __Host-csrftoken={'y' * 32}"
    response = client.get(url.format(pk=actor.pk), headers={"Cookie": cookies})
    assert not response.cookies
    assert "Cookie" not in response["Vary"]


@pytest.mark.parametrize("language", ["", "x" * 10_240, "xx-invalid", "*", ";q=,,", "de,fr;q=0.8", "\u00ff"])
def test_unsupported_language_falls_back_to_english(client, language):
    response = client.get("/", headers={"Accept-Language": language})
    assert response.status_code == 200
    assert '<html lang="en">' in response.content.decode()


def test_404_page_contains_a_search_form(client):
    response = client.get("/nowhere/")
    assert response.status_code == 404
    assert 'name="q"' in response.content.decode()


@pytest.mark.parametrize("code", ["400", "403", "403_csrf", "404", "500", "503"])
def test_error_pages_need_neither_context_nor_database(code, django_db_blocker):
    with django_db_blocker.block():
        page = render_to_string(f"{code}.html")
    assert f'<p class="code" aria-hidden="true">{code[:3]}</p>' in page
    assert re.search(r"<h1>\w[^<]+</h1>", page)


def test_exception_in_view_returns_static_500_page(client, monkeypatch):
    def fail(*args):
        raise RuntimeError

    monkeypatch.setattr("actors.web.views.ActorListing.read", fail)
    client.raise_request_exception = False
    response = client.get("/")
    assert response.status_code == 500
    assert "Something went wrong" in response.content.decode()


def test_form_without_csrf_token_returns_403_with_explanation(client):
    client.handler.enforce_csrf_checks = True
    response = client.post("/admin/login/", {"username": "a", "password": "b"})
    assert response.status_code == 403
    assert "Nothing was saved." in response.content.decode()


def test_unknown_host_header_returns_the_400_page(client):
    response = client.get("/", headers={"Host": "evil.example"})
    assert response.status_code == 400
    assert "Invalid request" in response.content.decode()
