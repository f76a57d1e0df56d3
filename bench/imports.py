"""The import of many actors, and limit 5: COPY of the same rows, in the order of names, into the same table.

Both start with a table in use: it has all its indexes and triggers, and a few rows. Two more imports are measured: one
into an empty table, and one of the table's own export, which changes nothing.
"""

import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import psycopg2

from bench import databases, goals, load, servers, streams
from tests.server import ROOT, environment

PEOPLE = "first_name, last_name, birth_year, death_year, country"
EXISTING = "200"  # rows of a table in use
POLL_SECONDS = 0.05  # seconds between two readings of the memory


def planned(rows: int) -> float:
    """Return an estimate of the seconds that ``measure_imports`` takes for ``rows`` rows."""
    return 20 + rows * 240e-6


def measure_imports(postgres, source: str, rows: int, step) -> tuple[dict[str, float], float]:
    """Import ``rows`` actors of the database ``source``; return the seconds of each part, and the peak memory in MiB.

    ``step`` is called before each part, with its name and its share of the total time. Raises load.MeasurementError.
    """
    taken, memory = {}, []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        people, named, again = (Path(folder, f"{name}.csv") for name in ("people", "named", "again"))
        step(f"preparing the import of {rows:,} rows", 0.1)
        some = f"SELECT {PEOPLE} FROM actor WHERE actor_id <= {rows}"
        _export(source, f"COPY ({some} ORDER BY actor_id) TO STDOUT (FORMAT csv, HEADER)", people)
        _export(source, f'COPY ({some} ORDER BY last_name COLLATE "C", first_name COLLATE "C") TO STDOUT', named)
        empty = databases.make(postgres, "import_empty")
        in_use = databases.make(postgres, "import_in_use", template="import_empty")
        databases.manage(in_use, "make_actors", EXISTING, "--seed=2")

        step(f"limit 5: COPY of {rows:,} rows", 0.25)
        taken[goals.COPIED] = _copy(databases.make(postgres, "import_copied", template="import_in_use"), named)
        databases.drop(postgres, "import_copied")
        step(f"import of {rows:,} rows", 0.3)
        taken[goals.IN_USE], most = _import(in_use, people)
        memory.append(most)
        step(f"import of {rows:,} rows, nothing changed", 0.1)
        _export(in_use, streams.COPY["csv"], again)
        taken[goals.AGAIN], most = _import(in_use, again)
        memory.append(most)
        databases.drop(postgres, "import_in_use")
        step(f"import of {rows:,} rows into an empty table", 0.25)
        taken[goals.EMPTY], most = _import(empty, people)
        memory.append(most)
        databases.drop(postgres, "import_empty")
    return taken, max(memory)


def _export(url, statement, file):
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor, file.open("wb") as lines:
        cursor.copy_expert(statement, lines)


def _copy(url, file):
    databases.execute(url, "CHECKPOINT")
    with closing(psycopg2.connect(url)) as connection, file.open("rb") as lines:
        start = time.perf_counter()
        with connection, connection.cursor() as cursor:
            cursor.copy_expert(f"COPY actor ({PEOPLE}) FROM STDIN", lines)
        return time.perf_counter() - start


def _import(url, file):
    """Return the seconds and the peak memory (MiB) of the command import_actors. Raises load.MeasurementError."""
    databases.execute(url, "CHECKPOINT")
    with tempfile.TemporaryFile("w+") as output:
        start = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "manage.py", "import_actors", file],
            cwd=ROOT,
            env=environment(DATABASE_URL=url),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        most = 0
        while process.poll() is None:
            most = max(most, servers.peak(process.pid))
            try:
                process.wait(POLL_SECONDS)
            except subprocess.TimeoutExpired:
                continue
        seconds = time.perf_counter() - start
        if process.returncode:
            output.seek(0)
            raise load.MeasurementError(f"The import failed: {output.read()[-500:]}")
    return seconds, most
