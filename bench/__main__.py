"""``python -m bench``: set up, measure in interleaved rounds, print, write. See ``make bench``."""

import argparse
import sys
from collections import Counter
from contextlib import ExitStack

from bench import databases, goals, imports, load, report, servers, streams
from bench.check import check_all
from bench.progress import Clock, duration
from bench.results import Run
from bench.subjects import SEARCHABLE, Servers

# Seconds to fill the table, per row, with the SQLite copy for datasette; seconds to start the servers of one size.
SECONDS_A_ROW, SECONDS_TO_START = 100e-6, 20
# Seconds to capture the SQL statements of the searches (limit 4).
SECONDS_FOR_WORDS = 40
# Number of subjects at each size, and how many more at sizes where everything is measured.
FIGURES, FIGURES_IN_WHOLE = 14, 16
BETWEEN = 0.2  # seconds between two measurements
# Seconds per row to export a table in one format, once by psql and once by the site.
SECONDS_TO_STREAM = 16e-6
SECONDS_FOR_MEMORY = 40
STARTS, SECONDS_FOR_STARTS = 3, 8


def main():
    """Run the benchmark, or with ``--check`` only test it; return the exit code."""
    arguments = _arguments()
    try:
        if not arguments.check:
            load.need_wrk()
        with ExitStack() as stack:
            postgres = databases.start_server()
            stack.callback(postgres.stop)
            if arguments.check:
                check_all(stack, postgres)
                return 0
            return measure(stack, postgres, arguments)
    except load.MeasurementError as error:
        print(error, file=sys.stderr)
        return 1


def _arguments():
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rows", default="200,1000000", help="sizes of the table, separated by commas")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2, help="seconds of load per subject and round")
    parser.add_argument("--check", action="store_true", help="only check that all servers start and show the same rows")
    arguments = parser.parse_args()
    try:
        arguments.rows = sorted({int(text) for text in arguments.rows.replace("_", "").split(",")})
    except ValueError:
        parser.error("ROWS must be whole numbers separated by commas, such as 200,1000000")
    if arguments.rows[0] < 200:
        parser.error("ROWS must be at least 200")
    return arguments


def measure(stack, postgres, arguments):
    """Measure everything at every size; return the exit code."""
    sizes, rounds, seconds = arguments.rows, arguments.rounds, arguments.seconds
    whole = [rows for rows in sizes if rows >= SEARCHABLE]
    clock = Clock(_planned(sizes, whole, rounds, seconds))
    print(f"This takes about {duration(clock.seconds)}. Run nothing else on this machine meanwhile.", flush=True)
    run = Run(sizes, whole)
    urls, subjects, starts = {}, [], Counter()
    for rows in sizes:
        clock.step(f"filling a table with {rows:,} rows", rows * SECONDS_A_ROW)
        urls[rows] = databases.fill(postgres, rows)
        clock.step(f"starting the servers at {rows:,} rows", _to_start(rows))
        running = stack.enter_context(Servers(rows, urls[rows]))
        running.start_peers()
        running.start_site()
        subjects += running.subjects
    for number in range(rounds):
        for subject in subjects:
            clock.step(f"round {number + 1}: {subject.name}, {subject.rows:,} rows", seconds + BETWEEN)
            _measure_one(run, subject, seconds, starts)
    for rows in whole:
        run.streams[rows] = streams.measure_streams(
            postgres, urls[rows], rounds, lambda text, rows=rows: clock.step(text, rows * SECONDS_TO_STREAM)
        )
    clock.step("memory", SECONDS_FOR_MEMORY)
    run.memory = streams.measure_memory(urls[sizes[-1]])
    clock.step("first responses", SECONDS_FOR_STARTS)
    run.first_responses = [servers.first_response(urls[sizes[0]]) for _ in range(STARTS)]
    if whole:
        imported = goals.imported(whole[-1])
        _measure_imports(run, postgres, urls[whole[-1]], imported, clock)
    clock.end()
    print(report.tables(run))
    report.write(run)
    print(f"\nWritten: bench/results.json and bench/results.svg. {run.as_json()['machine']}.")
    return 0


def _planned(sizes, whole, rounds, seconds):
    figures = sum(FIGURES + (FIGURES_IN_WHOLE if rows in whole else 0) for rows in sizes)
    prepare = sum(_to_start(rows) + rows * SECONDS_A_ROW for rows in sizes)
    streaming = sum(rows * SECONDS_TO_STREAM for rows in whole) * len(streams.COPY) * rounds
    importing = imports.planned(goals.imported(whole[-1])) if whole else 0
    once = SECONDS_FOR_MEMORY + SECONDS_FOR_STARTS + importing
    return prepare + figures * rounds * (seconds + BETWEEN) + streaming + once


def _to_start(rows):
    return SECONDS_TO_START + (SECONDS_FOR_WORDS if rows >= SEARCHABLE else 0)


def _measure_one(run, subject, seconds, starts):
    key = (subject.name, subject.rows)
    if key in run.failures:
        return
    try:
        response = subject.measure(seconds, starts[key])
    except load.MeasurementError as error:
        run.failures[key] = str(error)
    else:
        # The next round continues with requests that were not sent yet.
        starts[key] += response.requests
        run.rounds[key].append(response)


def _measure_imports(run, postgres, source, rows, clock):
    whole = imports.planned(rows)
    try:
        run.imports, most = imports.measure_imports(
            postgres, source, rows, lambda text, share: clock.step(text, share * whole)
        )
    except load.MeasurementError as error:
        run.failures[goals.IN_USE, rows] = str(error)
    else:
        run.memory[goals.IN_USE] = most


if __name__ == "__main__":
    sys.exit(main())
