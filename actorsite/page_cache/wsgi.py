"""The page cache, around everything else: what is unchanged costs one short question to the database.

The question is for the data's version (actors.version), asked at every
request and before any row is read: a page that is kept belongs to a version
that was committed then, or to a newer one, and never outlives it. The ETag is
made of that version, the site's own revision, and what the page is chosen by;
so it is the same on every replica, and a 304 needs no page.

Kept are the answers that a view publishes, under the address that it says they
are chosen by (actorsite.page_cache.publishing). Of other spellings of an address no page is
kept, or anybody could fill the memory with one page.
"""

import base64
import gzip
import hashlib
import re
import time
from collections import OrderedDict
from functools import lru_cache
from threading import Lock
from types import SimpleNamespace

import brotli
from django.conf import settings
from django.core.handlers.wsgi import get_path_info, get_str_from_wsgi
from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, connections
from django.http.cookie import parse_cookie
from django.middleware.gzip import GZipMiddleware
from django.urls import Resolver404, resolve
from django.utils.http import http_date
from django.utils.translation.trans_real import get_language_from_request

from actors.api.views import is_data
from actors.db import data_version
from actorsite.db.deadlines import RequestDeadlineMiddleware, deadline, watch_connection
from actorsite.db.postgresql.base import PING_SECONDS, breaker
from actorsite.middleware.trusted_proxy import TrustedScheme
from actorsite.observability import logging as logs
from actorsite.observability.health import PROBE_VIEWS
from actorsite.page_cache.public import Public
from actorsite.page_cache.publishing import PUBLIC_CACHE_CONTROL
from actorsite.page_cache.revision import made, revision

# In each worker process: some hundreds of pages, packed. What is beside the bodies is counted as so much a page.
MEMORY = 3 * 1024 * 1024
BESIDE = 2_048
ENCODE = {"br": lambda body: brotli.compress(body, quality=5), "gzip": lambda body: gzip.compress(body, 6, mtime=0)}
# What is packed on the way is not the same to the byte each time, so its ETag is weak: RFC 9110, 8.8.1.
STREAMS = (".csv", ".ndjson")
# Shorter ones are not worth it; a header of this length is nobody's who means it.
SHORTEST, LONGEST = 200, 500


class Page:
    """An answer as it is sent, for one version."""

    __slots__ = ("body", "etag", "headers", "path", "size", "token", "view")

    def __init__(self, token, etag, headers, body, path, view):
        self.token, self.etag, self.headers, self.body, self.path, self.view = token, etag, headers, body, path, view
        self.size = len(body) + BESIDE


class Kept:
    """Pages, the least lately used of which make room for new ones."""

    def __init__(self, memory=MEMORY):
        self.pages, self.memory, self.size, self.lock = OrderedDict(), memory, 0, Lock()

    def get(self, key, token):
        """Return the page of ``key`` where it belongs to the version ``token``, else None."""
        page = self.pages.get(key)
        if page is None or page.token != token:
            return None
        with self.lock:
            if key in self.pages:
                self.pages.move_to_end(key)
        return page

    def put(self, key, page):
        with self.lock:
            if old := self.pages.pop(key, None):
                self.size -= old.size
            self.pages[key] = page
            self.size += page.size
            while self.size > self.memory:
                self.size -= self.pages.popitem(last=False)[1].size


class Pages:
    """WSGI application around the site's own."""

    def __init__(self, application, seconds=0):
        """``seconds``: how long a version may be taken for the newest after it was asked for; 0 for not at all."""
        self.application, self.seconds = application, seconds
        self.public = Public(lambda *arguments: self.application(*arguments), Compression(application))
        self.kept = Kept()
        self.remembered, self.until = None, 0.0
        self.scheme = TrustedScheme()
        self.elsewhere = (f"/{settings.STATIC_URL.strip('/')}/", "/admin/", *PROBE_VIEWS)
        # A request's patience, which covers the question too: see RequestDeadline.
        self.patience = RequestDeadlineMiddleware(None).seconds

    def __call__(self, environ, start_response):
        key = self.key(environ)
        if key is None:
            return self.application(environ, start_response)
        begun = time.perf_counter()
        if self.seconds and (remembered := self.remembered) and time.monotonic() < self.until:
            page = self.kept.get(key, remembered.token)
        else:
            page = None
        # What must be made anew asks: so its connection is seen to be alive before it is used, and within bounds.
        if page:
            return self.answer(environ, start_response, begun, key, remembered)
        with deadline(self.patience):
            if (current := self.version()) is None:
                return self.application(environ, start_response)
            return self.answer(environ, start_response, begun, key, current)

    def answer(self, environ, start_response, begun, key, current):
        wanted = environ.get("HTTP_IF_NONE_MATCH", "")
        page = self.kept.get(key, current.token)
        if page is not None:
            if wanted and (wanted == page.etag or matches(wanted, page.etag)):
                return self.unchanged(environ, start_response, begun, page.etag, current, page)
            return self.again(environ, start_response, begun, page)
        etag = make_etag(current.token, key)
        if environ["PATH_INFO"].endswith(STREAMS):
            etag = f"W/{etag}"
        if wanted and wanted.strip() != "*" and matches(wanted, etag):
            return self.unchanged(environ, start_response, begun, etag, current)
        return self.anew(environ, start_response, key, current, etag)

    def key(self, environ):
        """Return what the page is chosen by; None where none is kept."""
        path, host = environ["PATH_INFO"], environ.get("HTTP_HOST")
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD") or not host or path.startswith(self.elsewhere):
            return None
        # Who is signed in may be shown what is not for all.
        if environ.get("HTTP_COOKIE") and settings.SESSION_COOKIE_NAME in read_cookies(environ):
            return None
        scheme = self.scheme(environ)
        if scheme is None or not is_plain(host, environ["SERVER_PORT"]):
            return None
        language = "" if is_data(path) else language_asked_for(environ)
        accepted = environ.get("HTTP_ACCEPT_ENCODING", "")
        encoding = encoding_of(accepted) if len(accepted) <= LONGEST else ""
        query = environ["QUERY_STRING"]
        return (f"{path}?{query}" if query else path, scheme, host, language, encoding)

    def version(self):
        """Return the data's version as it is now; None where it cannot be had."""
        database = connections[DEFAULT_DB_ALIAS]
        try:
            if database.connection is None:
                database.ensure_connection()
            raw = database.connection
            # What the application asks of a kept connection, to see whether it still answers.
            with deadline(PING_SECONDS):
                watch_connection(raw)
                current = data_version.ask(raw)
            # It has just answered: Django need not ask again.
            database.health_check_done = True
        except LookupError:
            return None
        except (database.Database.Error, DatabaseError, InterfaceError) as error:
            if isinstance(error, (database.Database.OperationalError, database.Database.InterfaceError)):
                database.close()
                breaker.half_open()
            return None
        if database.close_at is not None and time.monotonic() >= database.close_at:
            database.close()
        if self.seconds:
            self.remembered, self.until = current, time.monotonic() + self.seconds
        return current

    def again(self, environ, start_response, begun, page):
        identifier = logs.request_identifier(environ.get("HTTP_X_REQUEST_ID", ""))
        start_response("200 OK", [*page.headers, ("X-Request-Id", identifier)])
        self.done(environ, begun, 200, identifier, page.path, page.view)
        return [page.body] if environ["REQUEST_METHOD"] == "GET" else []

    def unchanged(self, environ, start_response, begun, etag, current, page=None):
        identifier = logs.request_identifier(environ.get("HTTP_X_REQUEST_ID", ""))
        data = is_data(environ["PATH_INFO"])
        headers = [
            *validators(etag, current, data),
            ("Cache-Control", PUBLIC_CACHE_CONTROL),
            ("X-Request-Id", identifier),
        ]
        if data:
            headers.append(("Access-Control-Allow-Origin", "*"))
        start_response("304 Not Modified", headers)
        view = page.view if page else view_of(environ)
        self.done(environ, begun, 304, identifier, page.path if page else get_path_info(environ), view)
        return []

    def done(self, environ, begun, status, identifier, path, view):
        environ["actorsite.view"] = view
        if logs.requests_are_logged():
            seconds = time.perf_counter() - begun
            logs.log_request(environ["REQUEST_METHOD"], path, status, seconds * 1000, identifier)

    def anew(self, environ, start_response, key, current, etag):
        """Let the site answer; keep the page where it is for all."""
        started = []
        environ["actorsite.pages"] = True
        environ["actors.version"] = current.token
        language = key[3] or language_asked_for(environ)
        response = self.public(environ, lambda *arguments: started.append(arguments), key[1], language)
        status, headers, *more = started[-1]
        named = dict(headers)
        if (
            response.status_code != 200
            or named.get("Cache-Control") != PUBLIC_CACHE_CONTROL
            or "Set-Cookie" in named
            or (key[3] and named["Content-Language"] != key[3])
            or environ.get("actors.address", "").encode() != key[0].encode("latin-1")
        ):
            start_response(status, headers, *more)
            return response
        data = is_data(environ["PATH_INFO"])
        # Data is the same in every language.
        left = {"vary", "content-length", "x-request-id", "content-language" if data else ""}
        lasting = [(name, value) for name, value in headers if name.lower() not in left]
        lasting += validators(etag, current, data)
        if response.streaming:
            start_response(status, [*lasting, ("X-Request-Id", named["X-Request-Id"])], *more)
            return response
        body = b"".join(response)
        response.close()
        encoding = key[-1]
        if encoding and len(body) >= SHORTEST and len(packed := ENCODE[encoding](body)) < len(body):
            body = packed
            lasting.append(("Content-Encoding", encoding))
        lasting.append(("Content-Length", str(len(body))))
        page = Page(current.token, etag, lasting, body, get_path_info(environ), environ.get("actorsite.view", "none"))
        self.kept.put(key, page)
        if environ.get("HTTP_IF_NONE_MATCH", "").strip() == "*":
            names = {"etag", "vary", "last-modified", "cache-control", "access-control-allow-origin"}
            lasting, body = [header for header in lasting if header[0].lower() in names], b""
            status = "304 Not Modified"
        start_response(status, [*lasting, ("X-Request-Id", named["X-Request-Id"])], *more)
        return [body] if environ["REQUEST_METHOD"] == "GET" and body else []


class Compression(GZipMiddleware):
    """Compresses what is not kept; of what is, the cache keeps the compressed form."""

    def process_response(self, request, response):
        kept = "actorsite.pages" in request.environ and not response.streaming
        if kept and response.status_code == 200 and response.headers.get("Cache-Control") == PUBLIC_CACHE_CONTROL:
            return response
        return super().process_response(request, response)


def is_plain(host, port):
    """Whether ``host`` is spelled as browsers do: of other spellings and ports there are thousands, all allowed."""
    name, colon, given = host.rpartition(":")
    if not colon or host.endswith("]"):
        name, given = host, ""
    return given in ("", "80", "443", port) and not name.endswith(".") and name == name.lower()


def make_etag(token, key):
    """Return the strong ETag of the page that ``key`` chooses, at the version ``token``."""
    digest = hashlib.blake2b("\n".join((token, *key)).encode(), key=revision(), digest_size=15)
    return f'"{base64.urlsafe_b64encode(digest.digest()).decode()}"'


def matches(wanted, etag):
    """Whether If-None-Match, ``wanted``, names ``etag``: RFC 9110, 13.1.2, by the weak comparison of 8.8.3.2."""
    return wanted.strip() == "*" or etag.removeprefix("W/") in re.findall(r'"[^"]*"', wanted)


def validators(etag, current, data):
    """Return what tells whoever keeps the answer how to use it again."""
    # Not by Cookie, which would keep caches from keeping anything: who keeps a page asks whether it still
    # holds, by its ETag, and another language has another.
    headers = [("ETag", etag), ("Vary", "Accept-Encoding" if data else "Accept-Encoding, Accept-Language")]
    changed = max(current.at, made())
    # RFC 9110, 8.8.2.1: not later than Date, which is of another clock than the database's.
    if changed <= time.time():
        headers.append(("Last-Modified", last_modified(changed)))
    return headers


last_modified = lru_cache(8)(http_date)


def read_cookies(environ):
    """Return the cookies of ``environ`` as the site's own handler reads them, however ill-formed some are.

    What the key is made of must be what the page is made of.
    """
    return parse_cookie(get_str_from_wsgi(environ, "HTTP_COOKIE", ""))


def language_asked_for(environ):
    """Return the language that ``environ`` asks for."""
    chosen = read_cookies(environ).get(settings.LANGUAGE_COOKIE_NAME) if environ.get("HTTP_COOKIE") else None
    accepted = environ.get("HTTP_ACCEPT_LANGUAGE", "")
    # Many long texts would fill the memory of those that are remembered.
    remembered = len(accepted) <= LONGEST and len(chosen or "") <= LONGEST
    return (language_of if remembered else language_of.__wrapped__)(chosen, accepted)


@lru_cache(512)
def language_of(chosen, accepted):
    """Return the language that LocaleMiddleware will choose by cookie and Accept-Language."""
    cookies = {} if chosen is None else {settings.LANGUAGE_COOKIE_NAME: chosen}
    return get_language_from_request(SimpleNamespace(COOKIES=cookies, META={"HTTP_ACCEPT_LANGUAGE": accepted}))


@lru_cache(512)
def encoding_of(accepted):
    """Return the best of ENCODE that Accept-Encoding allows (RFC 9110, 12.5.3), or an empty text."""
    allowed = set()
    for part in accepted.lower().split(","):
        name, _semicolon, weight = (text.strip() for text in part.partition(";"))
        if not weight or (re.fullmatch("q=[0-9.]+", weight) and weight[2:].strip("0.")):
            allowed.add(name)
    return next((encoding for encoding in ENCODE if encoding in allowed), "")


def view_of(environ):
    """Return the name of the view, which a 304 does without."""
    if not settings.METRICS_PORT:
        return "none"
    try:
        return resolve(get_path_info(environ)).view_name
    except Resolver404:
        return "none"
