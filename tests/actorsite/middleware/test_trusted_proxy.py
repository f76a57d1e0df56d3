"""Only the X-Forwarded headers of trusted proxies set the client's IP address and the scheme."""

from ipaddress import ip_network

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from actorsite.middleware.trusted_proxy import TrustedProxyMiddleware

PROXIES = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]


@pytest.fixture(autouse=True)
def behind_proxies(settings):
    settings.TRUSTED_PROXIES = PROXIES


def send_request(method="GET", path="/actors/?q=%C5%82", peer="10.0.0.9", **headers):
    """Send a request through the middleware; return the response and the values that the view receives."""
    found = {}

    def site(request):
        found.update(address=request.META["REMOTE_ADDR"], secure=request.is_secure(), host=request.get_host())
        found["headers"] = {name for name in request.META if "FORWARDED" in name}
        return HttpResponse()

    request = RequestFactory().generic(method, path, REMOTE_ADDR=peer, headers={"Host": "testserver", **headers})
    return TrustedProxyMiddleware(site)(request), found


def test_trusted_proxy_sets_client_address_and_scheme():
    response, found = send_request(**{"X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "https"})
    assert response.status_code == 200
    assert (found["address"], found["secure"]) == ("198.51.100.7", True)


def test_forwarded_headers_of_untrusted_peer_are_removed():
    forged = {
        "X-Forwarded-For": "1.2.3.4",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Port": "1",
        "Forwarded": "for=1.2.3.4",
    }
    response, found = send_request(peer="203.0.113.5", **forged)
    assert response.status_code == 200
    assert found == {"address": "203.0.113.5", "secure": False, "host": "testserver", "headers": set()}


def test_x_forwarded_host_of_a_proxy_is_ignored():
    _, found = send_request(**{"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"})
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
def test_client_address_is_the_last_untrusted_address(forwarded, address):
    """Clients can forge all addresses before the last untrusted one."""
    _, found = send_request(**{"X-Forwarded-For": forwarded, "X-Forwarded-Proto": "https"})
    assert found["address"] == address


def test_ipv4_mapped_address_is_treated_as_ipv4():
    _, found = send_request(peer="::ffff:10.0.0.9", **{"X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "https"})
    assert found["address"] == "198.51.100.7"
    assert send_request(peer="::ffff:203.0.113.5")[1]["address"] == "203.0.113.5"


@pytest.mark.parametrize(("method", "status"), [("GET", 301), ("HEAD", 301), ("POST", 308), ("DELETE", 308)])
def test_http_request_to_trusted_proxy_redirects_to_https(method, status):
    response, found = send_request(method, **{"X-Forwarded-Proto": "http"})
    assert (response.status_code, found) == (status, {})
    assert response["Location"] == "https://testserver/actors/?q=%C5%82"


@pytest.mark.parametrize("headers", [{}, {"X-Forwarded-Proto": "gopher"}, {"X-Forwarded-Proto": "http, https"}])
def test_request_without_reported_http_is_not_redirected(headers):
    """The proxies of the replaced page send no X-Forwarded-Proto, so a redirect would be an endless loop."""
    assert send_request(**headers)[0].status_code == 200


def test_http_reported_by_untrusted_peer_is_not_redirected():
    assert send_request(peer="203.0.113.5", **{"X-Forwarded-Proto": "http"})[0].status_code == 200


def test_http_request_in_development_is_not_redirected(settings):
    settings.DEBUG = True
    assert send_request(**{"X-Forwarded-Proto": "http"})[0].status_code == 200


def test_hsts_header_is_sent_over_https_only(client):
    """A host must not send Strict-Transport-Security over HTTP (RFC 6797, 7.2)."""
    secure = client.get("/nowhere", REMOTE_ADDR="10.0.0.9", headers={"X-Forwarded-Proto": "https"})
    assert secure["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"
    assert "Strict-Transport-Security" not in client.get("/nowhere").headers
