"""The short way to the public pages, for who is not signed in: past Django's handler and most of MIDDLEWARE.

To go through all of that costs more than to make a page. What it would do to
such an answer is done here, by the same middleware where that looks at the
answer; the tests hold both ways against each other. Whatever is not as plain
as a page that is read goes the whole way.
"""

import time
from functools import lru_cache
from http import HTTPStatus
from io import BytesIO

from django.core.exceptions import DisallowedHost
from django.core.handlers.exception import response_for_exception
from django.core.handlers.wsgi import WSGIRequest
from django.db import DEFAULT_DB_ALIAS, close_old_connections, connections
from django.http import HttpResponse
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.locale import LocaleMiddleware
from django.middleware.security import SecurityMiddleware
from django.urls import Resolver404, resolve, reverse
from django.utils import translation

from actorsite.db.deadlines import extend_deadline
from actorsite.middleware.query_string import is_well_formed
from actorsite.middleware.security_headers import SecurityHeadersMiddleware
from actorsite.middleware.trusted_proxy import FORWARDED
from actorsite.observability import logging as logs
from actorsite.page_cache.publishing import PUBLIC_CACHE_CONTROL

# Those that are asked for often; streams and forms are not among them.
VIEWS = {"list", "actor", "films", "film", "actors-json", "actor-json", "films-json", "film-json"}


class Public:
    """WSGI application around the site's whole one, for requests of which no cookie says who they are from."""

    def __init__(self, application, compression):
        """``compression`` is the middleware that packs what is not kept."""
        self.application, self.compression = application, compression
        self.fixed = {reverse(name): resolve(reverse(name)) for name in ("list", "actors-json")}

    def __call__(self, environ, start_response, scheme, language):
        """Answer as ``application`` does to who came by ``scheme`` and reads ``language``."""
        match = self.match(environ)
        if match is None:
            return self.application(environ, start_response)
        request = WSGIRequest(environ)
        try:
            request.get_host()
        except DisallowedHost:
            return self.application(environ, start_response)
        for name in FORWARDED:
            environ.pop(name, None)
        environ["wsgi.url_scheme"] = scheme
        identifier = logs.request_identifier(environ.get("HTTP_X_REQUEST_ID", ""))
        environ["actorsite.view"] = match.view_name
        request.resolver_match = match
        request.extend_deadline = extend_deadline
        request.LANGUAGE_CODE = language
        translation.activate(language)
        token = logs.request_id.set(identifier)
        begun = time.perf_counter()
        try:
            response = self.answer(request, match)
            logs.log_request(request.method, request.path, response.status_code, (time.perf_counter() - begun) * 1000)
        finally:
            logs.request_id.reset(token)
        # To close it would tell all that a request has ended, of whom none has anything to do after this one:
        # the connection is looked after by ``answer`` and by the page cache.
        response.close = _nothing
        headers = [*self.headers(request, response), ("X-Request-Id", identifier)]
        start_response(f"{response.status_code} {response.reason_phrase}", headers)
        return response

    def match(self, environ):
        """Return what the address leads to, where this way leads there too."""
        path = environ["PATH_INFO"]
        match = self.fixed.get(path)
        if match is None:
            try:
                match = resolve(path.encode("latin-1").decode())
            except (Resolver404, UnicodeDecodeError):
                return None
        return match if match.view_name in VIEWS and is_well_formed(environ["QUERY_STRING"]) else None

    def answer(self, request, match):
        try:
            response = match.func(request, *match.args, **match.kwargs)
        except Exception as error:
            response = response_for_exception(request, error)
        database = connections[DEFAULT_DB_ALIAS]
        if database.errors_occurred or (database.close_at is not None and time.monotonic() >= database.close_at):
            close_old_connections()
        if response.status_code != HTTPStatus.OK or response.headers.get("Cache-Control") != PUBLIC_CACHE_CONTROL:
            response = self.compression.process_response(request, response)
        return response

    def headers(self, request, response):
        """Return the headers of ``response``, with those that the whole way adds."""
        headers = {name.lower(): (name, value) for name, value in response.headers.items()}
        for key, name, value in _added(request.is_secure(), request.LANGUAGE_CODE):
            if key == "vary" and key in headers:
                value = f"{headers[key][1]}, {value}"
                headers[key] = (name, value)
            else:
                headers.setdefault(key, (name, value))
        headers.setdefault("content-length", ("Content-Length", str(len(response.content))))
        return list(headers.values())


def _nothing():
    pass


@lru_cache(16)
def _added(secure, language):
    """Return the headers that the whole way adds to every answer: each in lower case, as it is, and its value."""
    scheme = "https" if secure else "http"
    request = WSGIRequest({"REQUEST_METHOD": "GET", "wsgi.input": BytesIO(), "wsgi.url_scheme": scheme})
    response = HttpResponse()
    before = set(response.headers)

    def answer(request):
        return response

    with translation.override(language):
        for middleware in (LocaleMiddleware, XFrameOptionsMiddleware, SecurityMiddleware):
            middleware(answer).process_response(request, response)
        SecurityHeadersMiddleware(answer)(request)
    return [(name.lower(), name, value) for name, value in response.headers.items() if name not in before]
