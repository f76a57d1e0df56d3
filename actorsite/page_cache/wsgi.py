"""The page cache: a WSGI application around the site, in front of everything, as a proxy would be.

For every request, it reads the data version from the database before any row. A cached page is valid for only one
version. Its ETag is a digest of that version, the revision of the code and the page's key. So it is the same on every
replica, and a 304 can be sent without rendering the page.

All other requests go to Django. Responses that a view has published are cached only under the canonical URL that the
view has set (actorsite.page_cache.publishing). Otherwise anyone could fill the memory with copies
of one page.
"""

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias, cast

from django.core.handlers.wsgi import get_path_info
from django.db import DatabaseError, InterfaceError, OperationalError, close_old_connections, connection
from django.urls import Resolver404, resolve
from django.utils.encoding import escape_uri_path

from actorsite.db.data_version import DataVersion, current_version, read_data_version
from actorsite.db.deadlines import RequestDeadlineMiddleware, deadline
from actorsite.db.postgresql.base import PING_SECONDS, DatabaseWrapper, breaker
from actorsite.observability.logging import log_request, request_identifier
from actorsite.observability.request_start import mark_start
from actorsite.page_cache.compression import compress
from actorsite.page_cache.etags import Headers, make_etag, matches_etag, validators
from actorsite.page_cache.keys import KeyReader, PageKey
from actorsite.page_cache.publishing import CANONICAL_URL, PUBLIC_CACHE_CONTROL
from actorsite.page_cache.revision import revision, revision_time
from actorsite.page_cache.store import CachedPage, PageStore
from actorsite.problem_details import is_data_path

# The interval, in seconds, at which connections are checked as Django does at each request: age and health.
CONNECTION_CHECK_SECONDS = 1.0

StartResponse: TypeAlias = Callable[..., Any]


class CachedBody(list[bytes]):
    """The body of a cached response: a list of byte strings with a ``close`` method.

    The server calls ``close`` after it has sent the body (PEP 3333), so that the client does not wait for the log.
    """

    def __init__(self, close: Callable[[], None], parts: Iterable[bytes]) -> None:
        super().__init__(parts)
        self.close = close


class PageCache:
    """WSGI application around ``application``, the site.

    Args:
        application: Handles all requests that the cache does not.
        seconds: How long a version is used after it was read; 0 to read it at every request.
        on_hit: Called as ``on_hit(method, status, view, seconds)`` for each response from the cache, for the metrics.
    """

    def __init__(
        self,
        application: Callable[..., Iterable[bytes]],
        seconds: int = 0,
        on_hit: Callable[[str, int, str, float], None] | None = None,
    ) -> None:
        self.application, self.seconds, self.on_hit = application, seconds, on_hit
        self.store, self.key = PageStore(), KeyReader()
        self.remembered: DataVersion | None = None
        self.remembered_until = 0.0
        # The deadline of a request, which includes reading the version.
        self.patience = RequestDeadlineMiddleware(None).seconds
        self.local = threading.local()
        # Once, before gunicorn forks the workers; both read all source files.
        revision()
        revision_time()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Return the response from the cache or from the application (WSGI)."""
        key = self.key(environ)
        if key is None:
            return self.application(environ, start_response)
        start = mark_start(environ)
        remembered = self.remembered if self.seconds and time.monotonic() < self.remembered_until else None
        # Without a page, the version is read. This also checks, within a deadline, that the connection answers.
        if remembered and (page := self.store.get(key, remembered.token)):
            return self.respond(environ, start_response, start, key, remembered, page)
        with deadline(self.patience):
            if (version := self.read_version()) is None:
                return self.application(environ, start_response)
            return self.respond(environ, start_response, start, key, version, self.store.get(key, version.token))

    def read_version(self) -> DataVersion | None:
        """Return the current version of the data; None if it cannot be read."""
        now = time.monotonic()
        if now >= getattr(self.local, "check_at", 0):
            close_old_connections()
            self.local.check_at = now + CONNECTION_CHECK_SECONDS
        try:
            with deadline(PING_SECONDS):
                version = read_data_version()
            cast(DatabaseWrapper, connection).answered_at = time.monotonic()  # SQLite's backend does not use it.
            if connection.settings_dict["CONN_MAX_AGE"] == 0:
                connection.close()
        except (OperationalError, InterfaceError):
            connection.close()
            breaker.half_open()
            return None
        except (DatabaseError, LookupError):
            return None
        if self.seconds:
            self.remembered, self.remembered_until = version, time.monotonic() + self.seconds
        return version

    def respond(
        self,
        environ: dict[str, Any],
        start_response: StartResponse,
        start: float,
        key: PageKey,
        version: DataVersion,
        page: CachedPage | None,
    ) -> Iterable[bytes]:
        """Return 304, ``page``, or the page as the site renders it now."""
        if_none_match = environ.get("HTTP_IF_NONE_MATCH", "")
        etag = page.etag if page else make_etag(version.token, key)
        # "*" asks whether the page exists, so the page is needed.
        if if_none_match and (page or if_none_match.strip() != "*") and matches_etag(if_none_match, etag):
            headers = [*validators(etag, version, key), ("Cache-Control", PUBLIC_CACHE_CONTROL)]
            if is_data_path(environ["PATH_INFO"]):
                headers.append(("Access-Control-Allow-Origin", "*"))
            path = get_path_info(environ)
            view = page.view if page else self.view_name(path)
            return self.send(environ, start_response, start, 304, headers, path, view)
        if page:
            return self.send(environ, start_response, start, 200, page.headers, page.path, page.view, page.body)
        return self.make(environ, start_response, key, version, etag)

    def send(
        self,
        environ: dict[str, Any],
        start_response: StartResponse,
        start: float,
        status: int,
        headers: Headers,
        path: str,
        view: str,
        body: bytes = b"",
    ) -> Iterable[bytes]:
        """Start a cached response and return its body. The response is logged and counted after it is sent."""
        method = environ["REQUEST_METHOD"]
        identifier = request_identifier(environ.get("HTTP_X_REQUEST_ID", ""))
        start_response("200 OK" if status == 200 else "304 Not Modified", [*headers, ("X-Request-Id", identifier)])
        seconds = time.perf_counter() - start

        def sent() -> None:
            log_request(method, path, status, seconds * 1000, identifier)
            if self.on_hit:
                self.on_hit(method, status, view, seconds)

        return CachedBody(sent, [body] if body and method == "GET" else [])

    def make(
        self, environ: dict[str, Any], start_response: StartResponse, key: PageKey, version: DataVersion, etag: str
    ) -> Iterable[bytes]:
        """Pass the request to Django; cache the response if it is the same for all users."""
        # Before Django replaces PATH_INFO, in this dictionary, by the decoded path.
        path = get_path_info(environ)
        started: list[tuple[Any, ...]] = []
        reset = current_version.set(version)
        try:
            response = self.application(environ, lambda *arguments: started.append(arguments))
        finally:
            current_version.reset(reset)
        status, sent, *more = started[-1]
        headers = {name.lower(): value for name, value in sent}
        if not is_publishable(status, headers, key):
            start_response(status, without(sent, {CANONICAL_URL.lower()}), *more)
            return response
        # Data is the same in every language.
        replaced = {"vary", "content-length", "x-request-id", CANONICAL_URL.lower()}
        lasting = without(sent, replaced if key.language else replaced | {"content-language"})
        lasting += validators(etag, version, key)
        own = [("X-Request-Id", headers["x-request-id"])]
        if "content-length" not in headers:  # a stream
            start_response(status, [*lasting, *own], *more)
            return response
        body = b"".join(response)
        # PEP 3333: close() is optional.
        if close := getattr(response, "close", None):
            close()
        if compressed := compress(body, key.encoding):
            body = compressed
            lasting.append(("Content-Encoding", key.encoding))
        lasting.append(("Content-Length", str(len(body))))
        query = environ["QUERY_STRING"]
        if headers[CANONICAL_URL.lower()] == escape_uri_path(path) + (f"?{query}" if query else ""):
            self.store.put(key, CachedPage(version.token, etag, lasting, body, path, self.view_name(path)))
        if environ.get("HTTP_IF_NONE_MATCH", "").strip() == "*":
            kept = {"etag", "vary", "last-modified", "cache-control", "access-control-allow-origin"}
            lasting, body = [header for header in lasting if header[0].lower() in kept], b""
            status = "304 Not Modified"
        start_response(status, [*lasting, *own], *more)
        return [body] if environ["REQUEST_METHOD"] == "GET" and body else []

    def view_name(self, path: str) -> str:
        """Return the name of the view at ``path`` for ``on_hit``; "none" if there is no view, or no ``on_hit``."""
        if not self.on_hit:
            return "none"
        try:
            return resolve(path).view_name
        except Resolver404:
            return "none"


def is_publishable(status: str, headers: dict[str, str], key: PageKey) -> bool:
    """Return whether a response is the same for all requests with the ``key``."""
    return (
        status.startswith("200 ")
        and headers.get("cache-control") == PUBLIC_CACHE_CONTROL
        and CANONICAL_URL.lower() in headers
        and "set-cookie" not in headers
        and (not key.language or headers.get("content-language") == key.language)
    )


def without(headers: Headers, names: set[str]) -> Headers:
    """Return ``headers`` without those with the ``names``, in lower case."""
    return [(name, value) for name, value in headers if name.lower() not in names]
