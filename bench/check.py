"""Check of the benchmark itself: all servers start, show the same rows, and are measured briefly, without wrk."""

import re
import tempfile
from pathlib import Path

from bench import databases, goals, imports, load, report, servers
from bench.results import Run
from bench.subjects import PAGE, Servers

CHECKED = 200  # rows
WORDS = 3  # of each kind
SAMPLE_SECONDS = 0.1  # seconds
ASKED = 5  # requests, to check that each reads the table
# The id of an actor in the site's links, in datasette's links, and in JSON.
_NUMBER = re.compile(r'(?:/actors?/|"id":)([0-9]+)')
# The name of the table in a logged statement.
_OF_ACTORS = re.compile(rb"\bactor\b")


def check_all(stack, postgres) -> None:
    """Raise load.MeasurementError for the first check that fails."""
    url = databases.fill(postgres, CHECKED)
    # Applies to sessions that start after this.
    databases.execute(url, f"ALTER DATABASE actors_{CHECKED} SET log_statement = 'all'")
    running = stack.enter_context(Servers(CHECKED, url))
    running.start_peers()
    running.start_site()
    _check_rows(running.subjects, url)
    running.search(running.subjects[-1].url, WORDS)
    run = Run([CHECKED], [CHECKED])
    for subject in running.subjects:
        run.rounds[subject.name, CHECKED].append(subject.sample(SAMPLE_SECONDS))
        if subject.name.startswith(("uncached", "search")):
            _check_uncached(subject, postgres)
    run.imports, run.memory[goals.IN_USE] = imports.measure_imports(postgres, url, CHECKED, lambda text, share: None)
    run.first_responses = [servers.first_response(url)]
    with tempfile.TemporaryDirectory() as folder:
        report.write(run, Path(folder))
    print(report.tables(run))


def _check_rows(subjects, url):
    """Check that list pages show their rows, and the actor page its URL. Raises load.MeasurementError."""
    order = [number for (number,) in databases.query(url, "SELECT actor_id FROM actor ORDER BY sort_last, actor_id")]
    pages = {goals.MIDDLE: order[CHECKED // 2 + 1 :], goals.LAST: order[-PAGE:]}
    for subject in subjects:
        path, status = subject.request.path(0), subject.request.status
        _, _, body = load.get(subject.url, path, subject.request.headers)
        if status != 200:
            print(f"{subject.name}: {status}")
        elif subject.name == goals.ACTOR:
            if path.partition("?")[0].encode() not in body:
                raise load.MeasurementError(f"{subject.name}: {path} does not show its URL.")
            print(f"{subject.name}: {len(body):,} bytes")
        else:
            shown = {int(number) for number in _NUMBER.findall(body.decode())}
            expected = set(pages.get(subject.name, order)[:PAGE])
            # The replaced page shows random rows.
            if len(shown) != PAGE or (shown != expected and subject.name != "replaced page"):
                raise load.MeasurementError(f"{subject.name} shows {sorted(shown)}, expected {sorted(expected)}.")
            print(f"{subject.name}: {len(shown)} rows in {len(body):,} bytes")


def _check_uncached(subject, postgres):
    """Check in PostgreSQL's log that ASKED requests read the table ASKED times or more: no cache responds to them."""
    log = postgres.folder / "log"
    before = log.stat().st_size
    for number in range(ASKED):
        load.time_request(subject.url, subject.request, number)
    with log.open("rb") as lines:
        lines.seek(before)
        read = sum(1 for line in lines if _OF_ACTORS.search(line))
    if read < ASKED:
        raise load.MeasurementError(f"{subject.name}: only {read} of {ASKED} requests read the table.")
