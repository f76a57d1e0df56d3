"""Only a declared proxy is believed about where a request comes from."""

from ipaddress import ip_network

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from actorsite.middleware.trusted_proxy import TrustedProxyMiddleware

PROXIES = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]


@pytest.fixture(autouse=True)
def behind_proxies(settings):
    settings.TRUSTED_PROXIES = PROXIES


def seen(method="GET", path="/actors/?q=%C5%82", peer="10.0.0.9", **headers):
    """What the site sees of a request: (response, address, scheme, host)."""
    found = {}

    def site(request):
        found.update(address=request.META["REMOTE_ADDR"], secure=request.is_secure(), host=request.get_host())
        found["headers"] = {name for name in request.META if "FORWARDED" in name}
        return HttpResponse()

    request = RequestFactory().generic(method, path, REMOTE_ADDR=peer, headers={"Host": "testserver", **headers})
    return TrustedProxyMiddleware(site)(request), found


def test_a_trusted_proxy_is_believed():
    response, found = seen(**{"X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "https"})
    assert response.status_code == 200
    assert (found["address"], found["secure"]) == ("198.51.100.7", True)


def test_a_stranger_is_not():
    forged = {
        "X-Forwarded-For": "1.2.3.4",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Port": "1",
        "Forwarded": "for=1.2.3.4",
    }
    response, found = seen(peer="203.0.113.5", **forged)
    assert response.status_code == 200
    assert found == {"address": "203.0.113.5", "secure": False, "host": "testserver", "headers": set()}


def test_a_proxys_x_forwarded_host_changes_nothing():
    _, found = seen(**{"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"})
    assert found["host"] == "testserver"


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("6.6.6.6, 198.51.100.7", "198.51.100.7"),
        ("6.6.6.6, 198.51.100.7, 10.1.1.1, fd00::1", "198.51.100.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("198.51.100.7, nonsense", "10.0.0.9"),
        ("", "10.0.0.9"),
    ],
)
def test_the_client_is_the_last_address_that_no_proxy_of_ours_has(forwarded, address):
    """Whatever stands before it, anybody may have written."""
    _, found = seen(**{"X-Forwarded-For": forwarded, "X-Forwarded-Proto": "https"})
    assert found["address"] == address


def test_ipv4_peers_of_a_socket_for_both_families():
    _, found = seen(peer="::ffff:10.0.0.9", **{"X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "https"})
    assert found["address"] == "198.51.100.7"
    assert seen(peer="::ffff:203.0.113.5")[1]["address"] == "203.0.113.5"


@pytest.mark.parametrize(("method", "status"), [("GET", 301), ("HEAD", 301), ("POST", 308), ("DELETE", 308)])
def test_http_at_a_proxy_leads_to_https(method, status):
    response, found = seen(method, **{"X-Forwarded-Proto": "http"})
    assert (response.status_code, found) == (status, {})
    assert response["Location"] == "https://testserver/actors/?q=%C5%82"


@pytest.mark.parametrize("headers", [{}, {"X-Forwarded-Proto": "gopher"}, {"X-Forwarded-Proto": "http, https"}])
def test_a_proxy_that_does_not_say_http_is_served(headers):
    """No loop behind proxies that say nothing, as the replaced page's."""
    assert seen(**headers)[0].status_code == 200


def test_a_stranger_who_says_http_is_served():
    assert seen(peer="203.0.113.5", **{"X-Forwarded-Proto": "http"})[0].status_code == 200


def test_development_stays_on_http(settings):
    settings.DEBUG = True
    assert seen(**{"X-Forwarded-Proto": "http"})[0].status_code == 200


def test_https_is_remembered_by_browsers_and_http_is_not_told(client):
    """Strict-Transport-Security over HTTP means nothing (RFC 6797, 7.2)."""
    secure = client.get("/nowhere", REMOTE_ADDR="10.0.0.9", headers={"X-Forwarded-Proto": "https"})
    assert secure["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"
    assert "Strict-Transport-Security" not in client.get("/nowhere").headers
