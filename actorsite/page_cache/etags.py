"""ETags and the other validators of a cached page."""

import base64
import hashlib
import re
import time
from functools import lru_cache
from typing import TypeAlias

from django.utils.http import http_date

from actorsite.db.data_version import DataVersion
from actorsite.page_cache.keys import PageKey
from actorsite.page_cache.revision import revision, revision_time

# Streams are compressed later, to different bytes each time, so their ETags are weak: RFC 9110, 8.8.1.
STREAM_SUFFIXES = (".csv", ".ndjson")

Headers: TypeAlias = list[tuple[str, str]]


def make_etag(token: str, key: PageKey) -> str:
    """Return the ETag of the page with the ``key``, at the version ``token``."""
    digest = hashlib.blake2b("\n".join((token, *key)).encode(), key=revision(), digest_size=15)
    etag = f'"{base64.urlsafe_b64encode(digest.digest()).decode()}"'
    return f"W/{etag}" if key.url.partition("?")[0].endswith(STREAM_SUFFIXES) else etag


def validators(etag: str, version: DataVersion, key: PageKey) -> Headers:
    """Return the headers that other caches need to reuse the response."""
    # Without Cookie in Vary, which would prevent all caching. Caches revalidate by ETag, and each language has its own.
    vary = "Accept-Encoding, Accept-Language" if key.language else "Accept-Encoding"
    headers = [("ETag", etag), ("Vary", vary)]
    changed = max(version.at, revision_time())
    # RFC 9110, 8.8.2.1: must not be later than Date, which is from this server's clock and not the database's.
    if changed <= time.time():
        headers.append(("Last-Modified", last_modified(changed)))
    return headers


last_modified = lru_cache(8)(http_date)


def matches_etag(if_none_match: str, etag: str) -> bool:
    """Return whether If-None-Match matches ``etag`` by weak comparison: RFC 9110, 13.1.2 and 8.8.3.2."""
    return if_none_match.strip() == "*" or etag.removeprefix("W/") in re.findall(r'"[^"]*"', if_none_match)
