"""What is aimed at, as ratios within one run; the figures are what `rate`, `p50` and so on find in it."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    """``value`` is to be at least (``most=False``) or at most ``bound``, in ``unit``."""

    name: str
    value: Callable
    bound: float
    unit: str = ""
    most: bool = False

    def met(self, value: float) -> bool:
        return value <= self.bound if self.most else value >= self.bound


LIST, STALE, UNCHANGED = "list, always fresh", "list, 1 s old at most", "304, always fresh"
ANEW, JSON = "list rendered anew", "JSON rendered anew"
# Milliseconds of half of the requests, at a million rows and at ten.
SEARCHES = {
    "a rare word": (1.5, 15),
    "a middling word": (5, 35),
    "one letter": (5, 5),
    "two letters": (5, 5),
    "nothing found": (1, 1),
}


def ratio(name: str, other: str, rows: int, other_rows: int | None = None) -> Callable:
    """Return what finds the rate of ``name`` as a ratio to that of ``other``, round by round; the median of these."""
    return lambda run: run.ratio((name, rows), (other, other_rows or rows))


def goals(sizes: list[int]) -> list[Goal]:
    """Return the goals that a run over tables of ``sizes`` can tell of, smallest first."""
    small = sizes[0]
    found = [
        Goal(f"{LIST}: of limit 1", ratio(LIST, "limit 1", small), 0.45),
        Goal(f"{LIST}: of the replaced page", ratio(LIST, "replaced page", small), 15),
        Goal(f"{LIST}: of stock Django", ratio(LIST, "stock Django, connection kept", small), 12),
        Goal(f"{STALE}: of limit 1", ratio(STALE, "limit 1", small), 0.95),
        Goal(f"{UNCHANGED}: of limit 1", ratio(UNCHANGED, "limit 1", small), 0.5),
        Goal(f"{ANEW}: of limit 2", ratio(ANEW, "limit 2", small), 0.6),
        Goal(f"{JSON}: of limit 2", ratio(JSON, "limit 2", small), 0.95),
    ]
    for rows in sizes[1:]:
        found += [
            Goal(f"{name} at {rows:,} rows: of its rate at {small:,}", ratio(name, name, rows, small), 0.9)
            for name in (LIST, ANEW, "middle page rendered anew", "last page rendered anew")
        ]
    for rows in sizes:
        if rows < 1_000_000:
            continue
        for kind, bounds in SEARCHES.items():
            name = f"search: {kind}"
            bound = bounds[rows >= 10_000_000]
            found.append(Goal(f"{name}, {rows:,} rows: p50", _latency(name, rows, "p50"), bound, "ms", most=True))
            if rows < 10_000_000:
                found.append(Goal(f"{name}, {rows:,} rows: p99", _latency(name, rows, "p99"), 20, "ms", most=True))
        for kind in ("csv", "ndjson"):
            text = f"{kind.upper()} of {rows:,} rows"
            found += [
                Goal(f"{text}: of COPY by psql", _stream(kind, rows, "times"), 2, most=True),
                Goal(f"{text}: first byte", _stream(kind, rows, "first"), 20, "ms", most=True),
                Goal(f"{text}: more memory", _stream(kind, rows, "memory"), 4, "MiB", most=True),
            ]
    found += [
        Goal("a worker at rest", _memory("a worker at rest"), 60, "MiB", most=True),
        Goal("two workers, full page cache", _memory("two workers with a full page cache"), 120, "MiB", most=True),
    ]
    for rows in sizes:
        if rows >= 10_000_000:
            for name, bound in (("admin: list", 20), ("admin: search", 50), ("admin: page 1,000", 80)):
                found.append(Goal(f"{name}, {rows:,} rows: p50", _latency(name, rows, "p50"), bound, "ms", most=True))
    return found


def _latency(name, rows, figure):
    return lambda run: run.median((name, rows), figure)


def _stream(kind, rows, figure):
    return lambda run: run.stream(rows, kind, figure)


def _memory(name):
    return lambda run: run.memory[name]
