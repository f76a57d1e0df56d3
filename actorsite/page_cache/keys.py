"""Keys of cached pages: URL, scheme, host, language and encoding."""

from functools import lru_cache
from typing import Any, NamedTuple

from django.conf import settings
from django.core.handlers.wsgi import get_str_from_wsgi
from django.http import HttpRequest
from django.http.cookie import parse_cookie
from django.urls import reverse
from django.utils.translation import get_language_from_request

from actorsite.middleware.trusted_proxy import TrustedScheme
from actorsite.observability.health import PROBE_VIEWS
from actorsite.page_cache.compression import best_encoding
from actorsite.problem_details import is_data_path

# No browser sends a longer header: the result for one is not cached.
MAX_REMEMBERED_LENGTH = 500


class PageKey(NamedTuple):
    """``url`` is the path and query string as sent; ``language`` is "" for data, which has none."""

    url: str
    scheme: str
    host: str
    language: str
    encoding: str


class KeyReader:
    """Reader of the key of a request from its WSGI environment."""

    def __init__(self) -> None:
        self.scheme = TrustedScheme()
        # Never cached: static files have a middleware, the admin depends on the user, probes report on a process.
        self.excluded = (f"/{settings.STATIC_URL.strip('/')}/", reverse("admin:index"), *PROBE_VIEWS)

    def __call__(self, environ: dict[str, Any]) -> PageKey | None:
        """Return the cache key, or None if the request cannot be served from the cache."""
        path, host = environ["PATH_INFO"], environ.get("HTTP_HOST")
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD") or not host or path.startswith(self.excluded):
            return None
        # Pages may differ for signed-in users.
        if environ.get("HTTP_COOKIE") and settings.SESSION_COOKIE_NAME in read_cookies(environ):
            return None
        scheme = self.scheme(environ)
        if scheme is None or not is_canonical_host(host, environ["SERVER_PORT"]):
            return None
        query = environ["QUERY_STRING"]
        return PageKey(
            url=f"{path}?{query}" if query else path,
            scheme=scheme,
            host=host,
            language="" if is_data_path(path) else requested_language(environ),
            encoding=requested_encoding(environ),
        )


def is_canonical_host(host: str, port: str) -> bool:
    """Return whether ``host`` is written the way browsers write it. ALLOWED_HOSTS permits many other spellings."""
    name, colon, host_port = host.rpartition(":")
    if not colon or host.endswith("]"):
        name, host_port = host, ""
    return host_port in ("", "80", "443", port) and not name.endswith(".") and name == name.lower()


def read_cookies(environ: dict[str, Any]) -> dict[str, str]:
    """Return the cookies exactly as Django reads them, even malformed ones."""
    return parse_cookie(get_str_from_wsgi(environ, "HTTP_COOKIE", ""))


def requested_language(environ: dict[str, Any]) -> str:
    """Return the language that LocaleMiddleware will choose."""
    chosen = read_cookies(environ).get(settings.LANGUAGE_COOKIE_NAME) if environ.get("HTTP_COOKIE") else None
    accepted = environ.get("HTTP_ACCEPT_LANGUAGE", "")
    if max(len(accepted), len(chosen or "")) > MAX_REMEMBERED_LENGTH:
        return language_for.__wrapped__(chosen, accepted)
    return language_for(chosen, accepted)


@lru_cache(512)
def language_for(cookie: str | None, accept_language: str) -> str:
    """Return the language for the language cookie and Accept-Language."""
    request = HttpRequest()
    request.META["HTTP_ACCEPT_LANGUAGE"] = accept_language
    if cookie is not None:
        request.COOKIES[settings.LANGUAGE_COOKIE_NAME] = cookie
    return get_language_from_request(request)


def requested_encoding(environ: dict[str, Any]) -> str:
    """Return the content encoding to send, or "" for none."""
    accepted = environ.get("HTTP_ACCEPT_ENCODING", "")
    return encoding_for(accepted) if len(accepted) <= MAX_REMEMBERED_LENGTH else ""


@lru_cache(512)
def encoding_for(accept_encoding: str) -> str:
    """Return ``best_encoding`` of the header, from a cache of results."""
    return best_encoding(accept_encoding)
