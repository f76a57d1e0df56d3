"""Exports of whole tables as CSV and NDJSON, compared with COPY by psql of the same rows; and memory figures."""

import http.client
import subprocess
import time
from urllib.parse import urlsplit

from bench import databases, load, servers, subjects

FIELDS = (
    "actor_id AS id, first_name, last_name, native_name, birth_year, death_year, country, biography, version, "
    'to_char(last_update, \'YYYY-MM-DD"T"HH24:MI:SS.US"Z"\') AS last_update, '
    "also_known_as"
)
WHOLE = f"SELECT {FIELDS} FROM actor ORDER BY sort_last, actor_id"
COPY = {
    "csv": f"COPY ({WHOLE}) TO STDOUT (FORMAT csv, HEADER)",
    "ndjson": f"COPY (SELECT row_to_json(line) FROM ({WHOLE}) AS line) TO STDOUT",
}
CHUNK = 1 << 16
# Enough pages to fill any page cache that stays within the memory goal.
PAGES = 4_096
FILLING = 20  # seconds


def stream(server, path: str, whole: bool = True) -> tuple[float, float]:
    """Read ``path``, or only its first byte; return the seconds to the first byte and to the end.

    Raises load.MeasurementError.
    """
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=600)
    start = time.perf_counter()
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        if response.status != 200:
            raise load.MeasurementError(f"{path}: {response.status}")
        response.read(1)
        first = time.perf_counter() - start
        while whole and response.read(CHUNK):
            pass
    finally:
        connection.close()
    return first, time.perf_counter() - start


def copy(psql: str, url: str, kind: str) -> float:
    """Return the seconds that COPY by psql takes for the same rows."""
    start = time.perf_counter()
    subprocess.run(
        [psql, "--no-psqlrc", "--quiet", url, "--command", COPY[kind]], stdout=subprocess.DEVNULL, check=True
    )
    return time.perf_counter() - start


def measure_streams(postgres, database_url: str, rounds: int, step) -> dict[str, dict[str, list[float]]]:
    """Return, for each kind of export, lists with the figures of each round. ``step`` is called before each part.

    The first request of each kind warms caches: only its first byte is read. Its time does not count, but its memory
    does.
    """
    psql = databases.psql(postgres)
    figures = {kind: {"copy": [], "first": [], "total": [], "memory": []} for kind in COPY}
    with servers.serve_site(database_url) as server:
        load.get(server.url, "/")
        (worker,) = servers.workers(server)
        before = {}
        for kind in COPY:
            before[kind] = servers.resident(worker)
            stream(server, f"/actors.{kind}", whole=False)
        for number in range(rounds):
            for kind, found in figures.items():
                step(f"{kind}, round {number + 1}")
                if psql:
                    found["copy"].append(copy(psql, database_url, kind))
                servers.forget_peak(worker)
                first, total = stream(server, f"/actors.{kind}")
                found["first"].append(first)
                found["total"].append(total)
                found["memory"].append(servers.peak(worker) - before[kind])
    return figures


def measure_memory(database_url: str) -> dict[str, float]:
    """Return the memory, in MiB, of an idle worker, and of two workers with a full page cache and their master."""
    with servers.serve_site(database_url) as server:
        load.get(server.url, "/")
        (worker,) = servers.workers(server)
        rest = servers.resident(worker)
    many = tuple(subjects.urls(database_url, PAGES, 1)["lists"])
    with servers.serve_site(database_url, WEB_CONCURRENCY="2") as server:
        for connections in (2, 8):
            load.run(server.url, load.Request(many), FILLING / 2, connections)
        together = sum(map(servers.proportional, [server.process.pid, *servers.workers(server)]))
    return {"a worker at rest": rest, "two workers with a full page cache": together}
