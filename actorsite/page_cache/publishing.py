"""HTTP headers by which views tell the page cache what to cache."""

from collections.abc import Iterable, Iterator
from typing import cast

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.encoding import escape_uri_path

from actorsite.db.deadlines import extend_deadline

# Cache-Control for a response that is the same for all users, and that caches revalidate for each request:
# https://www.rfc-editor.org/rfc/rfc9111#section-5.2.2.4
PUBLIC_CACHE_CONTROL = "public, no-cache"
# The response's canonical URL, the only one that it is cached under: https://www.rfc-editor.org/rfc/rfc9110#section-8.7
CANONICAL_URL = "Content-Location"
# The longest wait for a part of a stream, in seconds. Among ten million rows, those that match may be far apart.
MAX_SILENCE_SECONDS = 10


class CanonicalRequest(HttpRequest):
    """A request with a canonical URL. For types only: any HttpRequest may have the attribute."""

    canonical_url: str


def set_canonical_url(request: HttpRequest, query_string: str = "") -> None:
    """Set the URL of the response: the path, and the canonical ``query_string`` with its ``?``."""
    cast(CanonicalRequest, request).canonical_url = escape_uri_path(request.path_info) + query_string


def publish(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Mark ``response`` as the same for all users, under its canonical URL or else its path."""
    response["Cache-Control"] = PUBLIC_CACHE_CONTROL
    response[CANONICAL_URL] = getattr(request, "canonical_url", escape_uri_path(request.path_info))
    return response


def stream_response(request: HttpRequest, parts: Iterable[bytes], content_type: str) -> StreamingHttpResponse:
    """Return a response of ``parts``. HEAD gets none: the server would read them all and send nothing."""
    parts = () if request.method == "HEAD" else _with_deadlines(iter(parts))
    return StreamingHttpResponse(parts, content_type=content_type)


def _with_deadlines(parts: Iterator[bytes]) -> Iterator[bytes]:
    while True:
        extend_deadline(MAX_SILENCE_SECONDS)
        if (part := next(parts, None)) is None:
            return
        yield part
