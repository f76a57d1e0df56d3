"""Performance goals. Most are ratios within one run; absolute bounds come from users or hosts.

The figures come from ``bench.results.Run``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial


@dataclass(frozen=True)
class Goal:
    """A bound, in ``unit``, for the figure ``value(run)``: the maximum if ``most``, else the minimum."""

    name: str
    value: Callable
    bound: float
    unit: str = ""
    most: bool = False

    def met(self, value: float) -> bool:
        """Return whether ``value`` is within the bound."""
        return value <= self.bound if self.most else value >= self.bound


# Names of the subjects.
STOCK = "stock Django, connection kept"
LIST, UNCHANGED = "list, always fresh", "304, always fresh"
UNCACHED, DIFFERENT = "uncached list, the same page", "uncached list, different pages"
MIDDLE, LAST = "uncached list, a middle page", "uncached list, the last page"
JSON, ACTOR = "uncached JSON", "uncached actor page"
SEARCHES = ("a rare word", "a common word", "one letter", "two letters", "nothing found")
ADMIN = ("admin: list", "admin: search", "admin: page 1,000")
# Measured once per run, in seconds.
COPIED, IN_USE, EMPTY, AGAIN = "limit 5", "import", "import into an empty table", "import, nothing changed"

MILLION = 1_000_000
# Goals that cannot be measured yet, and why.
LEFT_OUT = {"type-ahead: p50 at most 2 × limit 4": "the site has no type-ahead yet"}
FIRST_RESPONSE = (
    "First response: of the server's process, as the container runs it, from its start to 200 on /livez; "
    "no container is started here."
)


def notes() -> list[str]:
    """Return the notes below the table of goals."""
    return [FIRST_RESPONSE, *(f"Not a goal yet: {goal}: {reason}." for goal, reason in LEFT_OUT.items())]


def search(kind: str) -> str:
    """Return the name of the subject: searches of a ``kind`` over HTTP."""
    return f"search: {kind}"


def limit_4(kind: str) -> str:
    """Return the name of the subject: limit 4 for searches of a ``kind``."""
    return f"limit 4: {kind}"


def imported(rows: int) -> int:
    """Return the number of rows to import if the largest table has ``rows`` rows."""
    return min(rows, MILLION)


def ratio(name: str, other: str, rows: int, other_rows: int | None = None, figure: str = "rate") -> Callable:
    """Return a function of a run: the median, over the rounds, of a figure of ``name`` divided by that of ``other``."""
    return lambda run: run.ratio((name, rows), (other, other_rows or rows), figure)


def goals(sizes: list[int], searchable: list[int]) -> list[Goal]:
    """Return the goals that a run over tables of ``sizes``, in ascending order, can check.

    Everything is measured at the sizes ``searchable``: in smaller tables, all words are rare.
    """
    small = sizes[0]
    found = [
        Goal(f"{LIST}: of limit 1", ratio(LIST, "limit 1", small), 0.45),
        Goal(f"{LIST}: of limit 3", ratio(LIST, "limit 3", small), 0.65),
        Goal(f"{LIST}: of the replaced page", ratio(LIST, "replaced page", small), 12),
    ]
    for rows in sizes:
        if rows in (200, small) or rows >= MILLION:
            bound = 60 if rows >= MILLION else 12
            found.append(Goal(f"{LIST}, {rows:,} rows: of stock Django", ratio(LIST, STOCK, rows), bound))
    found.append(Goal(f"{UNCHANGED}: of limit 1", ratio(UNCHANGED, "limit 1", small), 0.5))
    for rows in sizes:
        found += _uncached(rows, rows in searchable)
    for rows in sizes[1:]:
        found += [
            Goal(f"{name}, {rows:,} rows: of its rate at {small:,}", ratio(name, name, rows, small), 0.9)
            for name in (LIST, UNCACHED, MIDDLE, LAST, JSON, ACTOR)
        ]
    for rows in searchable:
        found += [*_searches(rows), *_admin(rows), *_streams(rows)]
    if searchable:
        found += _imports(imported(searchable[-1]))
    return [
        *found,
        Goal("a worker at rest", _memory("a worker at rest"), 60, "MiB", most=True),
        Goal("two workers, full page cache", _memory("two workers with a full page cache"), 120, "MiB", most=True),
        Goal("first response after the start", lambda run: run.first_response(), 1.5, "s", most=True),
    ]


def _uncached(rows, searchable):
    bounds = {UNCACHED: 0.18, DIFFERENT: 0.13, JSON: 0.2, ACTOR: 0.2}
    if not searchable:
        del bounds[DIFFERENT]
    return [
        Goal(f"{name}, {rows:,} rows: of limit 2", ratio(name, "limit 2", rows), bound)
        for name, bound in bounds.items()
    ]


def _searches(rows):
    for kind in SEARCHES:
        name = search(kind)
        p50 = ratio(name, limit_4(kind), rows, figure="p50")
        yield Goal(f"{name}, {rows:,} rows: p50 of limit 4's", p50, 2.5, most=True)
        yield Goal(f"{name}, {rows:,} rows: p99 of its p50", partial(_slowest, name, rows), 4, most=True)


def _slowest(name, rows, run):
    return run.slowest((name, rows))


def _admin(rows):
    for name in ADMIN:
        yield Goal(f"{name}, {rows:,} rows: p95", partial(_p95, name, rows), 100, "ms", most=True)


def _p95(name, rows, run):
    return run.median((name, rows), "p95")


def _streams(rows):
    for kind in ("csv", "ndjson"):
        text = f"{kind.upper()} of {rows:,} rows"
        yield Goal(f"{text}: of COPY by psql", _stream(kind, rows, "times"), 2, most=True)
        yield Goal(f"{text}: first byte, after the first request", _stream(kind, rows, "first"), 20, "ms", most=True)
        yield Goal(f"{text}: more memory", _stream(kind, rows, "memory"), 4, "MiB", most=True)


def _stream(kind, rows, figure):
    return lambda run: run.stream(rows, kind, figure)


def _imports(rows):
    for name, bound in ((IN_USE, 1.15), (EMPTY, 0.8), (AGAIN, 0.15)):
        yield Goal(f"{name}, {rows:,} rows: of limit 5", partial(_of_limit_5, name), bound, most=True)
    yield Goal(f"{IN_USE}, {rows:,} rows: memory", _memory(IN_USE), 96, "MiB", most=True)


def _of_limit_5(name, run):
    return run.imports[name] / run.imports[COPIED]


def _memory(name):
    return lambda run: run.memory[name]
