"""The time at which a request came in, before the page cache read the version of the data."""

import time
from typing import Any

_KEY = "actorsite.request_start"


def mark_start(environ: dict[str, Any]) -> float:
    """Store the current time, by ``time.perf_counter``, in a WSGI environment, and return it."""
    environ[_KEY] = start = time.perf_counter()
    return start


def request_start(environ: dict[str, Any]) -> float:
    """Return the time that ``mark_start`` stored, or else the current time."""
    return environ.get(_KEY) or time.perf_counter()
