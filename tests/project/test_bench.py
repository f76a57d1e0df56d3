"""``make bench``: every peer starts and shows the same rows as the site, and the figures are computed correctly."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from bench import load
from bench.goals import goals
from bench.load import Figures, Request
from bench.report import chart, document, tables
from bench.results import Run

pytestmark = pytest.mark.once

# The interpreter that `make peers` installs: the peers need their own versions of packages.
PYTHON = Path(f"{sys.prefix}-bench") / "bin" / "python"
MILLION = 1_000_000
SEARCHES = ("a rare word", "a common word", "one letter", "two letters", "nothing found")


@pytest.mark.peers
def test_peers_start_and_show_the_same_rows():
    assert PYTHON.exists(), f"{PYTHON} does not exist. Run `make peers`."
    done = subprocess.run(
        [PYTHON, "-m", "bench", "--check"], cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("limit 1", "limit 2", "limit 3", "replaced page", "stock Django", "datasette", "list, always fresh"):
        assert f"\n{name}: 50 rows in " in f"\n{done.stdout}"
    for kind in SEARCHES:
        assert f"\n| limit 4: {kind} " in done.stdout
    assert "\nOnce in this run: limit 5 " in done.stdout


@pytest.fixture
def run():
    """Return a run of three rounds at two sizes. The machine was half as fast in the second round."""
    run = Run([200, MILLION], [MILLION])
    for rows, ours in ((200, 4_000), (MILLION, 3_000)):
        for pace in (1, 0.5, 1.01):
            run.rounds["limit 1", rows].append(Figures(8_000 * pace, 0.1, 0.15, 0.2))
            run.rounds["list, always fresh", rows].append(Figures(ours * pace, 0.2, 0.25, 0.3))
            run.rounds["search: a rare word", rows].append(Figures(500 * pace, 3 / pace, 5 / pace, 15 / pace))
            run.rounds["limit 4: a rare word", rows].append(Figures(900 * pace, 2 / pace, 2 / pace, 2 / pace))
            run.rounds["admin: list", rows].append(Figures(50 * pace, 20 / pace, 60 / pace, 90 / pace))
    run.streams[MILLION] = {"csv": {"copy": [1, 2], "total": [1.5, 3], "first": [0.01, 0.03], "memory": [1, 5]}}
    run.imports = {"limit 5": 50, "import": 60, "import into an empty table": 30, "import, nothing changed": 5}
    run.memory["import"] = 97
    run.first_responses = [0.5, 2, 0.7]
    return run


def test_full_run_has_the_expected_goals():
    found = {goal.name: (goal.bound, goal.unit, goal.most) for goal in goals([200, MILLION], [MILLION])}
    expected = {
        "list, always fresh: of limit 1": (0.45, "", False),
        "list, always fresh: of limit 3": (0.65, "", False),
        "list, always fresh: of the replaced page": (12, "", False),
        "list, always fresh, 200 rows: of stock Django": (12, "", False),
        "list, always fresh, 1,000,000 rows: of stock Django": (60, "", False),
        "304, always fresh: of limit 1": (0.5, "", False),
        "uncached list, different pages, 1,000,000 rows: of limit 2": (0.13, "", False),
        "import, 1,000,000 rows: of limit 5": (1.15, "", True),
        "import into an empty table, 1,000,000 rows: of limit 5": (0.8, "", True),
        "import, nothing changed, 1,000,000 rows: of limit 5": (0.15, "", True),
        "import, 1,000,000 rows: memory": (96, "MiB", True),
        "a worker at rest": (60, "MiB", True),
        "two workers, full page cache": (120, "MiB", True),
        "first response after the start": (1.5, "s", True),
    }
    for rows in ("200", "1,000,000"):
        expected[f"uncached list, the same page, {rows} rows: of limit 2"] = (0.18, "", False)
        expected[f"uncached JSON, {rows} rows: of limit 2"] = (0.2, "", False)
        expected[f"uncached actor page, {rows} rows: of limit 2"] = (0.2, "", False)
    for name in (
        "list, always fresh",
        "uncached list, the same page",
        "uncached list, a middle page",
        "uncached list, the last page",
        "uncached JSON",
        "uncached actor page",
    ):
        expected[f"{name}, 1,000,000 rows: of its rate at 200"] = (0.9, "", False)
    for kind in SEARCHES:
        expected[f"search: {kind}, 1,000,000 rows: p50 of limit 4's"] = (2.5, "", True)
        expected[f"search: {kind}, 1,000,000 rows: p99 of its p50"] = (4, "", True)
    for page in ("list", "search", "page 1,000"):
        expected[f"admin: {page}, 1,000,000 rows: p95"] = (100, "ms", True)
    for kind in ("CSV", "NDJSON"):
        expected[f"{kind} of 1,000,000 rows: of COPY by psql"] = (2, "", True)
        expected[f"{kind} of 1,000,000 rows: first byte, after the first request"] = (20, "ms", True)
        expected[f"{kind} of 1,000,000 rows: more memory"] = (4, "MiB", True)
    assert found == expected


def test_run_over_small_table_has_no_large_table_goals():
    names = [goal.name for goal in goals([200], [])]
    assert not [name for name in names if name.startswith(("search", "admin", "CSV", "import"))]
    assert "uncached actor page, 200 rows: of limit 2" in names


def test_goal_names_are_unique():
    names = [goal.name for goal in goals([200, MILLION, 10 * MILLION], [MILLION, 10 * MILLION])]
    assert len(names) == len(set(names)) > 50
    assert "list, always fresh, 10,000,000 rows: of stock Django" in names


def test_ratios_are_computed_per_round_and_compared_with_goals(run):
    found = {goal.name: (value, met) for goal, value, met in run.against_goals()}
    assert found["list, always fresh: of limit 1"] == (0.5, True)
    assert found["list, always fresh, 1,000,000 rows: of its rate at 200"] == (0.75, False)
    assert found["search: a rare word, 1,000,000 rows: p50 of limit 4's"] == (1.5, True)
    assert found["search: a rare word, 1,000,000 rows: p99 of its p50"] == (5, False)
    assert found["admin: list, 1,000,000 rows: p95"] == (60, True)
    assert found["CSV of 1,000,000 rows: of COPY by psql"] == (1.5, True)
    assert found["CSV of 1,000,000 rows: first byte, after the first request"] == (20, True)
    assert found["CSV of 1,000,000 rows: more memory"] == (5, False)
    assert found["import, 1,000,000 rows: of limit 5"] == (1.2, False)
    assert found["import into an empty table, 1,000,000 rows: of limit 5"] == (0.6, True)
    assert found["import, 1,000,000 rows: memory"] == (97, False)
    assert found["first response after the start"] == (0.7, True)


def test_table_shows_met_missed_and_unmeasured_goals(run):
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in tables(run).splitlines()]
    assert ["list, always fresh: of limit 1", "≥ 0.45", "0.5", "met"] in lines
    assert ["import, 1,000,000 rows: of limit 5", "≤ 1.15", "1.2", "**missed**"] in lines
    assert ["a worker at rest", "≤ 60.0 MiB", "–", "not measured"] in lines


def test_goals_that_cannot_be_measured_are_listed_with_reasons(run):
    assert "type-ahead: p50 at most 2 × limit 4: the site has no type-ahead yet." in tables(run)
    assert "no container is started here" in tables(run)
    assert "type-ahead" in document(run.as_json())


def test_failed_measurement_is_reported_and_meets_no_goal(run):
    run.failures["list, always fresh", 200] = "it answered 500"
    found = {goal.name: (value, met) for goal, value, met in run.against_goals()}
    assert found["list, always fresh: of limit 1"] == (None, None)
    assert "Not measured: list, always fresh, 200 rows: it answered 500" in tables(run)
    assert run.as_json()["not_measured"] == {"list, always fresh, 200 rows": "it answered 500"}


def test_failed_import_has_no_figures(run):
    run.imports = {}
    del run.memory["import"]
    found = {goal.name: (value, met) for goal, value, met in run.against_goals()}
    assert found["import, 1,000,000 rows: of limit 5"] == found["import, 1,000,000 rows: memory"] == (None, None)


def test_percentiles_are_in_milliseconds():
    measured = Figures.of([number / 1_000 for number in range(100, 0, -1)], 5)
    assert measured == Figures(20, 51, 96, 100, 100)
    assert Figures.of([0.5], 0.5) == Figures(2, 500, 500, 500, 1)


def test_uncached_request_has_a_unique_url():
    request = Request(("/", "/?after=x"), unique=True)
    assert [request.path(number) for number in range(3)] == ["/?unique=0", "/?after=x&unique=1", "/?unique=2"]
    assert Request(("/", "/films/")).path(3) == "/films/"


@pytest.fixture
def wrk(monkeypatch):
    """Return a function that replaces wrk with the output that it prints after ``requests`` requests."""

    def replace(requests):
        figures = {"requests": requests, "seconds": 2, "errors": 0, "p50": 1, "p95": 2, "p99": 3}
        done = subprocess.CompletedProcess([], 0, f"wrk's own\n{json.dumps(figures)}\n", "")
        monkeypatch.setattr(load.subprocess, "run", lambda *arguments, **options: done)

    monkeypatch.setattr(load, "time_request", lambda url, request, number: 0.1)
    return replace


def test_run_with_too_few_pages_raises_measurement_error(wrk):
    request = Request(tuple(f"/actors/{number}-x/" for number in range(100)), once=True)
    wrk(requests=50)
    measured = load.run("http://127.0.0.1:1", request, 2)
    assert measured.rate == 25
    # The number includes the request before the load, and the requests in progress at its end.
    assert 50 < measured.requests < 60
    with pytest.raises(load.MeasurementError, match="all 100 pages"):
        load.run("http://127.0.0.1:1", request, 2, start=measured.requests)


def test_chart_has_a_bar_for_each_name(run):
    assert chart(run.as_json()).count("<rect x=") == 5
    assert ">0.375<" in chart(run.as_json())


def test_performance_page_shows_the_last_run():
    results = json.loads((settings.BASE_DIR / "bench" / "results.json").read_text(encoding="utf-8"))
    assert document(results) in (settings.BASE_DIR / "docs/explanation/performance.md").read_text(encoding="utf-8")


def test_results_of_the_last_run_have_the_current_goals():
    results = json.loads((settings.BASE_DIR / "bench" / "results.json").read_text(encoding="utf-8"))
    assert [goal["name"] for goal in results["goals"]] == [
        goal.name for goal in goals(results["rows"], results["searchable"])
    ]
