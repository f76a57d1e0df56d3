"""What a view says to the page cache, in HTTP's own words."""

from collections.abc import Iterable, Iterator

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.encoding import escape_uri_path

from actorsite.db.deadlines import extend_deadline

# For everybody, and to be revalidated each time: https://www.rfc-editor.org/rfc/rfc9111#section-5.2.2.4
PUBLIC_CACHE_CONTROL = "public, no-cache"
# The response's own address, by which alone it is cached: https://www.rfc-editor.org/rfc/rfc9110#section-8.7
CANONICAL_ADDRESS = "Content-Location"
# Seconds that a part may be long in coming: of ten million rows, those that are looked for may be far apart.
MAX_SILENCE_SECONDS = 10


def set_canonical_address(request: HttpRequest, query_string: str = "") -> None:
    """Say which address the answer has: the path, and the canonical ``query_string`` with its ``?``."""
    request.canonical_address = escape_uri_path(request.path_info) + query_string


def publish(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Mark ``response`` as the same for everybody, under its canonical address; without one, under its path alone."""
    response["Cache-Control"] = PUBLIC_CACHE_CONTROL
    response[CANONICAL_ADDRESS] = getattr(request, "canonical_address", escape_uri_path(request.path_info))
    return response


def stream_response(request: HttpRequest, parts: Iterable[bytes], content_type: str) -> StreamingHttpResponse:
    """Return a response of ``parts``, of which none is made for HEAD: the server would read them all, and send none."""
    parts = () if request.method == "HEAD" else _with_deadlines(iter(parts))
    return StreamingHttpResponse(parts, content_type=content_type)


def _with_deadlines(parts: Iterator[bytes]) -> Iterator[bytes]:
    while True:
        extend_deadline(MAX_SILENCE_SECONDS)
        if (part := next(parts, None)) is None:
            return
        yield part
