"""The client's IP address and the scheme, from trusted proxies.

X-Forwarded headers are used if a peer in TRUSTED_PROXIES sent them, and removed otherwise.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase

_FORWARDED = [
    f"HTTP_{name}"
    for name in ("FORWARDED", "X_FORWARDED_FOR", "X_FORWARDED_HOST", "X_FORWARDED_PORT", "X_FORWARDED_PROTO")
]


class PermanentRedirect(HttpResponseRedirect):
    """Permanent redirect that keeps the method (308)."""

    status_code = 308


class TrustedProxyMiddleware:
    """Middleware that sets the client's IP address and the scheme, and redirects HTTP to HTTPS.

    It redirects only if a trusted proxy says that a request came by HTTP. Any other request
    gets its response over HTTP: the proxies of the replaced page send no X-Forwarded-Proto,
    and would be redirected in an endless loop.
    """

    def __init__(self, get_response: Callable[[WSGIRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.default_host = next((host for host in settings.ALLOWED_HOSTS if host[0] not in "*."), None)

    def __call__(self, request: WSGIRequest) -> HttpResponseBase:
        """Return the response to a request, or a redirect to HTTPS."""
        # HTTP/1.0 needs no Host header: assume the site's own name. Only HTTP/1.1 without it must get a 400:
        # https://www.rfc-editor.org/rfc/rfc9112#section-3.2
        if request.META.get("SERVER_PROTOCOL") == "HTTP/1.0" and self.default_host:
            request.META.setdefault("HTTP_HOST", self.default_host)
        forwarded = {name: request.META.pop(name, "") for name in _FORWARDED}
        peer = peer_of(request.META)
        request.META["REMOTE_ADDR"] = peer
        if not is_trusted(peer):
            return self.get_response(request)
        if client := client_address(forwarded["HTTP_X_FORWARDED_FOR"]):
            request.META["REMOTE_ADDR"] = client
        scheme = nearest(forwarded["HTTP_X_FORWARDED_PROTO"])
        if scheme in ("http", "https"):
            request.environ["wsgi.url_scheme"] = scheme
            if scheme == "http" and not settings.DEBUG:
                return self.to_https(request)
        return self.get_response(request)

    def to_https(self, request: WSGIRequest) -> HttpResponseBase:
        """Return the redirect to HTTPS: 301 for GET and HEAD, 308 for other methods."""
        url = f"https://{request.get_host()}{request.get_full_path()}"
        response = PermanentRedirect(url)
        if request.method in ("GET", "HEAD"):
            response.status_code = 301
        return response


class TrustedScheme:
    """Function that reads the scheme of a request like TrustedProxyMiddleware, for code that runs before it.

    It caches whether an address is trusted.
    """

    def __init__(self) -> None:
        self.trusted = lru_cache(1_024)(is_trusted)

    def __call__(self, environ: Mapping[str, Any]) -> str | None:
        """Return the scheme; None if TrustedProxyMiddleware will redirect to HTTPS."""
        scheme: str = environ["wsgi.url_scheme"]
        if settings.TRUSTED_PROXIES and self.trusted(peer_of(environ)):
            reported = nearest(environ.get("HTTP_X_FORWARDED_PROTO", ""))
            if reported == "http" and not settings.DEBUG:
                return None
            return reported if reported in ("http", "https") else scheme
        return scheme


def peer_of(environ: Mapping[str, Any]) -> str:
    """Return the IP address of the peer. A socket for IPv6 and IPv4 gives IPv4 as ::ffff:192.0.2.1."""
    return environ.get("REMOTE_ADDR", "").removeprefix("::ffff:")


def nearest(forwarded_proto: str) -> str:
    """Return the scheme that the nearest proxy saw: the last one in X-Forwarded-Proto."""
    return forwarded_proto.rpartition(",")[2].strip().lower()


def is_trusted(address: str) -> bool:
    """Return whether ``address`` is in one of the networks of TRUSTED_PROXIES."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in settings.TRUSTED_PROXIES)


def client_address(forwarded_for: str) -> str | None:
    """Return the last address in X-Forwarded-For that is not a trusted proxy's. Clients can forge those before it."""
    for part in reversed(forwarded_for.split(",")):
        address = part.strip()
        if is_trusted(address):
            continue
        try:
            return str(ip_address(address))
        except ValueError:
            return None
    return None
