"""The figures of a run, and the ratios and medians computed from them."""

import os
import platform
import re
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bench.goals import goals, notes


class Run:
    """All figures of one run.

    ``rounds`` has the load.Figures of each round by (name, rows); ``failures`` has
    the reason for each measurement without one. ``searchable`` are the sizes at which
    everything is measured. ``imports`` are seconds, ``memory`` is in MiB.
    """

    def __init__(self, sizes: list[int], searchable: list[int] = ()):
        self.sizes, self.searchable = sizes, list(searchable)
        self.rounds = defaultdict(list)
        self.failures = {}
        self.streams = {}
        self.memory = {}
        self.imports = {}
        self.first_responses = []

    def ratio(self, one: tuple, other: tuple, figure: str = "rate") -> float:
        """Return the median, over the rounds, of the ratio of a ``figure``. Raises LookupError if one is missing."""
        pairs = zip(self._rounds(one), self._rounds(other), strict=True)
        return median(getattr(mine, figure) / getattr(theirs, figure) for mine, theirs in pairs)

    def slowest(self, key: tuple) -> float:
        """Return the median, over the rounds, of p99 divided by p50. Raises LookupError if it was not measured."""
        return median(response.p99 / response.p50 for response in self._rounds(key))

    def median(self, key: tuple, figure: str) -> float:
        """Return the median, over the rounds, of a ``figure``. Raises LookupError if it was not measured."""
        return median(getattr(response, figure) for response in self._rounds(key))

    def _rounds(self, key):
        if key in self.failures or key not in self.rounds:
            raise LookupError(key)
        return self.rounds[key]

    def stream(self, rows: int, kind: str, figure: str) -> float:
        """Return a figure of the export of the whole table as ``kind``. Raises LookupError if it was not measured."""
        found = self.streams[rows][kind]
        if figure == "times":
            if not found["copy"]:
                raise LookupError("no psql")
            return median(mine / theirs for mine, theirs in zip(found["total"], found["copy"], strict=True))
        return max(found["memory"]) if figure == "memory" else median(found["first"]) * 1_000

    def first_response(self) -> float:
        """Return the seconds from start to first response. Raises LookupError if it was not measured."""
        if not self.first_responses:
            raise LookupError("first response")
        return median(self.first_responses)

    def as_json(self) -> dict:
        """Return all figures, the goals and the machine, for results.json."""
        return {
            "when": datetime.now(UTC).isoformat(timespec="minutes"),
            "machine": machine(),
            "rows": self.sizes,
            "searchable": self.searchable,
            "figures": [
                {
                    "name": name,
                    "rows": rows,
                    "rate": round(self.median((name, rows), "rate"), 1),
                    "of_limit_1": round(self.ratio((name, rows), ("limit 1", rows)), 4),
                    "p50_ms": round(self.median((name, rows), "p50"), 3),
                    "p95_ms": round(self.median((name, rows), "p95"), 3),
                    "p99_ms": round(self.median((name, rows), "p99"), 3),
                }
                for name, rows in self.rounds
                if (name, rows) not in self.failures
            ],
            "goals": [
                {
                    "name": goal.name,
                    "value": value and round(value, 3),
                    "bound": goal.bound,
                    "most": goal.most,
                    "unit": goal.unit,
                    "met": met,
                }
                for goal, value, met in self.against_goals()
            ],
            "streams": self.streams,
            "imports": self.imports,
            "memory_mib": self.memory,
            "first_responses": self.first_responses,
            "notes": notes(),
            "not_measured": {f"{name}, {rows:,} rows": reason for (name, rows), reason in self.failures.items()},
        }

    def against_goals(self) -> list[tuple]:
        """Return (goal, value, met) for every goal; value and met are None if it was not measured."""
        found = []
        for goal in goals(self.sizes, self.searchable):
            try:
                value = goal.value(self)
                found.append((goal, value, goal.met(value)))
            except LookupError:
                found.append((goal, None, None))
        return found


def machine() -> str:
    """Return a line that describes this machine."""
    model = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = len(os.sched_getaffinity(0))
    processor = model[1] if model else platform.machine()
    return f"{cores} cores of {processor}, {memory:.0f} GiB, Python {platform.python_version()}"
