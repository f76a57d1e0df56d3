"""``make bench``: every peer starts and shows what we show, and the figures are put together rightly."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from bench.goals import goals
from bench.load import Answer
from bench.report import chart, readme, tables
from bench.results import Run

pytestmark = pytest.mark.once

# `make quality` makes it; its peers want versions of their own.
PYTHON = Path(f"{sys.prefix}-bench") / "bin" / "python"


@pytest.mark.peers
def test_every_peer_starts_and_shows_the_same_rows():
    assert PYTHON.exists(), f"There is no {PYTHON}: `make quality` makes it."
    done = subprocess.run(
        [PYTHON, "-m", "bench", "--check"], cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("limit 1", "limit 2", "replaced page", "stock Django", "datasette", "list, always fresh"):
        assert f"\n{name}: 50 rows in " in f"\n{done.stdout}"


@pytest.fixture
def run():
    """Three rounds at two sizes, in which the machine was half as fast in the second."""
    run = Run([200, 1_000_000])
    for rows, ours in ((200, 4_000), (1_000_000, 3_000)):
        for pace in (1, 0.5, 1.01):
            run.rounds["limit 1", rows].append(Answer(8_000 * pace, 0.1, 0.2))
            run.rounds["list, always fresh", rows].append(Answer(ours * pace, 0.2, 0.3))
            run.rounds["search: a rare word", rows].append(Answer(500 * pace, 2 / pace, 30))
    run.streams[1_000_000] = {"csv": {"copy": [1, 2], "total": [1.5, 3], "first": [0.01, 0.03], "memory": [1, 5]}}
    return run


def test_ratios_are_taken_within_a_round_and_held_against_the_goals(run):
    found = {goal.name: (value, met) for goal, value, met in run.against_goals()}
    assert found["list, always fresh: of limit 1"] == (0.5, True)
    assert found["list, always fresh at 1,000,000 rows: of its rate at 200"] == (0.75, False)
    assert found["search: a rare word, 1,000,000 rows: p50"] == (2, False)
    assert found["CSV of 1,000,000 rows: of COPY by psql"] == (1.5, True)
    assert found["CSV of 1,000,000 rows: first byte"] == (20, True)
    assert found["CSV of 1,000,000 rows: more memory"] == (5, False)


def test_what_was_not_measured_is_said_and_meets_nothing(run):
    run.failures["list, always fresh", 200] = "it answered 500"
    found = {goal.name: (value, met) for goal, value, met in run.against_goals()}
    assert found["list, always fresh: of limit 1"] == (None, None)
    assert "Not measured: list, always fresh, 200 rows: it answered 500" in tables(run)
    assert run.as_json()["not_measured"] == {"list, always fresh, 200 rows": "it answered 500"}


def test_the_chart_has_a_bar_for_each_name(run):
    assert chart(run.as_json()).count("<rect x=") == 3
    assert ">0.375<" in chart(run.as_json())


def test_every_goal_has_a_name_of_its_own():
    names = [goal.name for goal in goals([200, 1_000_000, 10_000_000])]
    assert len(names) == len(set(names)) > 30


def test_the_readme_shows_the_last_run():
    results = json.loads((settings.BASE_DIR / "bench" / "results.json").read_text(encoding="utf-8"))
    assert readme(results) in (settings.BASE_DIR / "README.md").read_text(encoding="utf-8")
