"""Values that are computed once per version of the data, in Django's cache."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest

from actorsite.page_cache.version import request_version

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


class LRUCache:
    """LRU cache of at most ``max_entries`` values, in this process."""

    def __init__(self, max_entries: int) -> None:
        self.values: OrderedDict[Hashable, Any] = OrderedDict()
        self.max_entries, self.lock = max_entries, Lock()

    def get(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return the value of ``key``; if there is none, ``make()``, which is cached."""
        with self.lock:
            if key in self.values:
                self.values.move_to_end(key)
                return self.values[key]
        value = make()
        with self.lock:
            self.values[key] = value
            if len(self.values) > self.max_entries:
                self.values.popitem(last=False)
        return value


read_version = request_version
