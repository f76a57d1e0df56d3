"""Values that are computed once per version of the data, in Django's cache."""

import hashlib
from collections.abc import Callable, Hashable
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest

from actorsite.db.data_version import request_version

# Values of an old version are never read again; they expire, or are evicted before.
TIMEOUT_SECONDS = 3_600
_MISSING = object()


def memoize_for_version(request: HttpRequest, name: Hashable, make: Callable[[], Any]) -> Any:
    """Return ``make()``, computed once for each version of the data.

    Args:
        request: The request whose version of the data is used (``request_version``). Without one, nothing is cached.
        name: Names the value and all that it depends on; its ``repr`` must be unique.
        make: Computes the value, which must be picklable.
    """
    token = request_version(request)
    if not token:
        return make()
    digest = hashlib.blake2b(repr(name).encode(), digest_size=16).hexdigest()
    key = f"version:{token}:{digest}"
    value = cache.get(key, _MISSING)
    if value is _MISSING:
        value = make()
        cache.set(key, value, TIMEOUT_SECONDS)
    return value
