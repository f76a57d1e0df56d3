"""Whom to believe about a request's origin.

A request that comes from one of TRUSTED_PROXIES is taken for what the proxy
says of it; from anyone else the X-Forwarded headers are dropped.
"""

from functools import lru_cache
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpResponseRedirect

_FORWARDED_NAMES = ("FORWARDED", "X_FORWARDED_FOR", "X_FORWARDED_HOST", "X_FORWARDED_PORT", "X_FORWARDED_PROTO")
FORWARDED = [f"HTTP_{name}" for name in _FORWARDED_NAMES]


class PermanentRedirect(HttpResponseRedirect):
    status_code = 308


class TrustedProxyMiddleware:
    """Middleware: sets the client's address and the scheme, and leads from HTTP to HTTPS.

    Only a trusted proxy's word that a request came by HTTP leads to HTTPS. Who
    reaches the process itself, past every proxy, is served: a redirect would
    lead the replaced page's proxies, which say nothing, round in circles.
    """

    def __init__(self, get_response):
        self.get_response = get_response
        self.default_host = next((host for host in settings.ALLOWED_HOSTS if host[0] not in "*."), None)

    def __call__(self, request):
        # Host came with HTTP/1.1: without it the site's own name is meant.
        # https://www.rfc-editor.org/rfc/rfc9112#section-3.2 demands 400 of 1.1 only.
        if request.META.get("SERVER_PROTOCOL") == "HTTP/1.0" and self.default_host:
            request.META.setdefault("HTTP_HOST", self.default_host)
        forwarded = {name: request.META.pop(name, "") for name in FORWARDED}
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

    def to_https(self, request):
        address = f"https://{request.get_host()}{request.get_full_path()}"
        response = PermanentRedirect(address)
        if request.method in ("GET", "HEAD"):
            response.status_code = 301
        return response


class TrustedScheme:
    """Tells the scheme of a request as Proxy will, for who looks at it before; remembers who is trusted."""

    def __init__(self):
        self.trusted = lru_cache(1_024)(is_trusted)

    def __call__(self, environ) -> str | None:
        """Return the scheme; None where Proxy will lead to another."""
        scheme = environ["wsgi.url_scheme"]
        if settings.TRUSTED_PROXIES and self.trusted(peer_of(environ)):
            said = nearest(environ.get("HTTP_X_FORWARDED_PROTO", ""))
            if said == "http" and not settings.DEBUG:
                return None
            return said if said in ("http", "https") else scheme
        return scheme


def peer_of(environ) -> str:
    """Return the address that the request comes from. A socket for both families gives IPv4 as ::ffff:192.0.2.1."""
    return environ.get("REMOTE_ADDR", "").removeprefix("::ffff:")


def nearest(forwarded_proto: str) -> str:
    """Return the scheme that the nearest proxy saw: its word is the last of X-Forwarded-Proto."""
    return forwarded_proto.rpartition(",")[2].strip().lower()


def is_trusted(address: str) -> bool:
    """Whether ``address`` is one of TRUSTED_PROXIES."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in settings.TRUSTED_PROXIES)


def client_address(forwarded_for: str) -> str | None:
    """Return the last address of X-Forwarded-For that is not a trusted proxy's. Anyone may write those before it."""
    for part in reversed(forwarded_for.split(",")):
        address = part.strip()
        if is_trusted(address):
            continue
        try:
            return str(ip_address(address))
        except ValueError:
            return None
    return None
