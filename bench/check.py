"""The bench's own check: everything starts, shows the same rows, and is measured for a moment. No wrk needed."""

import re
import tempfile
import time
from pathlib import Path

from bench import databases, load, report
from bench.results import Run
from bench.subjects import PAGE, Servers

ROWS = 200
MOMENT = 0.1  # seconds
# An actor's number, in our links, datasette's, and JSON.
_NUMBER = re.compile(r'(?:/actors?/|"id":)([0-9]+)')


def check(stack, postgres) -> None:
    """Raise load.Unfit with the first thing that is not as it should be."""
    running = stack.enter_context(Servers(ROWS, databases.fill(postgres, ROWS)))
    running.start_peers()
    running.start_ourselves()
    order = [
        number
        for (number,) in databases.query(
            running.database_url, "SELECT actor_id FROM actor ORDER BY sort_last, actor_id"
        )
    ]
    pages = {"middle page rendered anew": order[ROWS // 2 + 1 :], "last page rendered anew": order[-PAGE:]}
    run = Run([ROWS])
    for subject in running.subjects:
        run.rounds[subject.name, ROWS].append(_sample(subject))
        if subject.request.status == 200:
            _, _, body = load.get(subject.url, subject.request.paths[0], subject.request.headers)
            shown = {int(number) for number in _NUMBER.findall(body.decode())}
            expected = set(pages.get(subject.name, order)[:PAGE])
            # The replaced page drew its rows by lot.
            if len(shown) != PAGE or (shown != expected and subject.name != "replaced page"):
                raise load.Unfit(f"{subject.name} shows {sorted(shown)} in place of {sorted(expected)}.")
            print(f"{subject.name}: {len(shown)} rows in {len(body):,} bytes")
        else:
            print(f"{subject.name}: {subject.request.status}")
    with tempfile.TemporaryDirectory() as folder:
        report.write(run, Path(folder))
    print(report.tables(run))


def _sample(subject):
    """A load.Answer by a few requests of our own: no figure, but the shape of one."""
    times, end = [], time.monotonic() + MOMENT
    while time.monotonic() < end:
        times.append(load.check(subject.url, subject.request) * 1_000)
    times.sort()
    return load.Answer(len(times) / MOMENT, times[len(times) // 2], times[-1])
