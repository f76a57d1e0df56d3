"""Content encodings: compression of cached pages, and of all other responses."""

import gzip
import re
from collections.abc import Callable

import brotli
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

from actorsite.db.data_version import current_version
from actorsite.page_cache.publishing import PUBLIC_CACHE_CONTROL

ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "br": lambda body: brotli.compress(body, quality=5),
    "gzip": lambda body: gzip.compress(body, 6, mtime=0),
}
# Compression saves too little of a shorter body.
MIN_COMPRESSED_BYTES = 200


def best_encoding(accept_encoding: str) -> str:
    """Return the best of ENCODERS that Accept-Encoding allows (RFC 9110, 12.5.3), or "" for none."""
    allowed = set()
    for part in accept_encoding.lower().split(","):
        name, _semicolon, weight = (text.strip() for text in part.partition(";"))
        if not weight or (re.fullmatch("q=[0-9.]+", weight) and weight[2:].strip("0.")):
            allowed.add(name)
    return next((encoding for encoding in ENCODERS if encoding in allowed), "")


def compress(body: bytes, encoding: str) -> bytes | None:
    """Return ``body`` in the ``encoding``; None if that would not make it shorter."""
    if not encoding or len(body) < MIN_COMPRESSED_BYTES:
        return None
    compressed = ENCODERS[encoding](body)
    return compressed if len(compressed) < len(body) else None


class CompressionMiddleware(GZipMiddleware):
    """Middleware that compresses what the page cache does not. Padding against BREACH makes each output different."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Return ``response``, compressed unless the page cache will do so."""
        waits = current_version.get() is not None and not response.streaming
        if waits and response.status_code == 200 and response.headers.get("Cache-Control") == PUBLIC_CACHE_CONTROL:
            return response
        return super().process_response(request, response)
