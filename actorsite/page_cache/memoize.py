"""What is made once and kept in this process, so much of it and no more."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import suppress
from threading import Lock
from typing import Any

from django.db import connection

from actors.db import data_version


class LRUCache:
    """The ``most`` values that were used last."""

    def __init__(self, most: int):
        self.most, self.values, self.lock = most, OrderedDict(), Lock()

    def get(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return the value of ``key``; ``make()``, which is kept, where there is none."""
        with self.lock:
            if key in self.values:
                self.values.move_to_end(key)
                return self.values[key]
        value = make()
        with self.lock:
            self.values[key] = value
            if len(self.values) > self.most:
                self.values.popitem(last=False)
        return value


_facts = LRUCache(512)


def memoize_for_version(request, name: Hashable, make: Callable[[], Any]) -> Any:
    """Return what is the same as long as the data is: ``make()``, once for each of its versions.

    The version is the one that the page cache read for this request, before
    anything else of the data (actors.version). Without one, nothing is kept.
    """
    token = request_version(request)
    return _facts.get((token, name), make) if token else make()


def read_version(request):
    """Read the version for ``request``, one that the page cache leaves alone, so that it has facts too.

    Not within a transaction: what that has written is of no version yet.
    """
    if "actors.version" in request.environ or connection.in_atomic_block:
        return
    with connection.wrap_database_errors, suppress(LookupError):
        request.environ["actors.version"] = data_version.current().token


def request_version(request) -> str | None:
    """Return the token of the data's version that ``request`` is answered by; None where it was not read."""
    return request.environ.get("actors.version")
