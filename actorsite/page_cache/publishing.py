"""What every public answer has, page or data."""

from collections.abc import Iterable

from django.http import StreamingHttpResponse

# For everybody, and to be asked for anew each time: who keeps it only asks whether it still holds.
PUBLIC_CACHE_CONTROL = "public, no-cache"
# Seconds that a part may be long in coming: of ten million rows, those that are looked for may be far apart.
MAX_SILENCE_SECONDS = 10


def set_canonical_address(request, query_string=""):
    """Leave to the page cache what the answer is chosen by: the path, and the canonical ``query_string``."""
    request.environ["actors.address"] = request.path_info + query_string


def publish(request, response):
    """Say that ``response`` is for everybody; by the path alone, unless the view has said more by ``chosen_by``."""
    response["Cache-Control"] = PUBLIC_CACHE_CONTROL
    request.environ.setdefault("actors.address", request.path_info)
    return response


def stream_response(request, parts: Iterable[bytes], content_type: str) -> StreamingHttpResponse:
    """Return an answer of ``parts``, which are not begun for HEAD: the server would read them all, and send none."""
    parts = () if request.method == "HEAD" else _patiently(request, iter(parts))
    return StreamingHttpResponse(parts, content_type=content_type)


def _patiently(request, parts):
    while True:
        request.extend_deadline(MAX_SILENCE_SECONDS)
        if (part := next(parts, None)) is None:
            return
        yield part
