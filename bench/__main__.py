"""``python -m bench``: set up, measure in interleaved rounds, print, write. See ``make bench``."""

import argparse
import sys
from contextlib import ExitStack

from bench import databases, load, report, streams
from bench.check import check
from bench.progress import Clock, duration
from bench.results import Run
from bench.subjects import SEARCHABLE, Servers

# What filling costs a row, with the copy for datasette; and what starting the servers of one size costs.
SECONDS_A_ROW, SECONDS_TO_START = 100e-6, 20


def main():
    arguments = _arguments()
    try:
        if not arguments.check:
            load.need_wrk()
        with ExitStack() as stack:
            postgres = databases.start_server()
            stack.callback(postgres.stop)
            if arguments.check:
                check(stack, postgres)
                return 0
            return measure(stack, postgres, arguments)
    except load.Unfit as unfit:
        print(unfit, file=sys.stderr)
        return 1


def _arguments():
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rows", default="200,1000000", help="sizes of the table, separated by commas")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2, help="of load on each, in each round")
    parser.add_argument("--check", action="store_true", help="only see that everything starts and shows the same rows")
    arguments = parser.parse_args()
    try:
        arguments.rows = sorted({int(text) for text in arguments.rows.replace("_", "").split(",")})
    except ValueError:
        parser.error("ROWS must be whole numbers separated by commas, such as 200,1000000")
    if arguments.rows[0] < 200:
        parser.error("ROWS must be at least 200")
    return arguments


def measure(stack, postgres, arguments):
    """Run everything at every size; return the exit code."""
    sizes, rounds, seconds = arguments.rows, arguments.rounds, arguments.seconds
    whole = [rows for rows in sizes if rows >= SEARCHABLE]
    figures = sum(14 + (10 if rows >= SEARCHABLE else 0) for rows in sizes)
    prepare = sum(SECONDS_TO_START + rows * SECONDS_A_ROW for rows in sizes)
    streaming = sum(rows * 8e-6 + 1 for rows in whole) * 4 * rounds
    planned = prepare + figures * rounds * (seconds + 0.2) + streaming + 40
    print(f"This takes about {duration(planned)}, on a machine that should do nothing else.", flush=True)
    clock = Clock(planned)
    run = Run(sizes)
    urls, subjects = {}, []
    for rows in sizes:
        clock.step(f"filling a table with {rows:,} rows", rows * SECONDS_A_ROW)
        urls[rows] = databases.fill(postgres, rows)
        clock.step(f"starting the servers at {rows:,} rows", SECONDS_TO_START)
        running = stack.enter_context(Servers(rows, urls[rows]))
        running.start_peers()
        running.start_ourselves()
        subjects += running.subjects
    for number in range(rounds):
        for subject in subjects:
            clock.step(f"round {number + 1}: {subject.name}, {subject.rows:,} rows", seconds + 0.2)
            _measure_one(run, subject, seconds)
    for rows in whole:
        run.streams[rows] = streams.measure_streams(
            postgres, urls[rows], rounds, lambda text, rows=rows: clock.step(text, rows * 16e-6)
        )
    clock.step("memory", 40)
    run.memory = streams.measure_memory(urls[sizes[-1]])
    clock.end()
    print(report.tables(run))
    report.write(run)
    print(f"\nWritten: bench/results.json and bench/results.svg. {run.as_json()['machine']}.")
    return 0


def _measure_one(run, subject, seconds):
    key = (subject.name, subject.rows)
    if key in run.failures:
        return
    try:
        run.rounds[key].append(load.run(subject.url, subject.request, seconds))
    except load.Unfit as unfit:
        run.failures[key] = str(unfit)


if __name__ == "__main__":
    sys.exit(main())
