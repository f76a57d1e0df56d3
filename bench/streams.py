"""Whole tables as CSV and NDJSON, beside COPY by psql of the same rows in the same order; and memory."""

import http.client
import subprocess
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from bench import databases, load, servers, subjects

FIELDS = (
    "actor_id AS id, first_name, last_name, native_name, birth_year, death_year, country, biography, version, "
    'to_char(last_update, \'YYYY-MM-DD"T"HH24:MI:SS.US"Z"\') AS last_update'
)
ROWS = f"SELECT {FIELDS} FROM actor ORDER BY sort_last, actor_id"
COPY = {
    "csv": f"COPY ({ROWS}) TO STDOUT (FORMAT csv, HEADER)",
    "ndjson": f"COPY (SELECT row_to_json(line) FROM ({ROWS}) AS line) TO STDOUT",
}
CHUNK = 1 << 16
# As many pages as fill any page cache that fits the goal.
PAGES = 4_096
FILLING = 20  # seconds


@dataclass(frozen=True)
class Stream:
    """One whole answer: seconds to the first byte of its body and to the last; MiB of memory it took."""

    first: float
    total: float
    memory: float


def stream(server, path: str) -> Stream:
    """Read the whole of ``path``, and watch the one worker's memory. Raises load.Unfit."""
    (worker,) = servers.workers(server)
    servers.forget_peak(worker)
    before = servers.resident(worker)
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=600)
    start = time.perf_counter()
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        if response.status != 200:
            raise load.Unfit(f"{path}: {response.status}")
        response.read(1)
        first = time.perf_counter() - start
        while response.read(CHUNK):
            pass
    finally:
        connection.close()
    return Stream(first, time.perf_counter() - start, servers.peak(worker) - before)


def copy(psql: str, url: str, kind: str) -> float:
    """Return the seconds that psql takes for the same rows."""
    start = time.perf_counter()
    subprocess.run(
        [psql, "--no-psqlrc", "--quiet", url, "--command", COPY[kind]], stdout=subprocess.DEVNULL, check=True
    )
    return time.perf_counter() - start


def measure_streams(postgres, database_url: str, rounds: int, step) -> dict[str, dict[str, list[float]]]:
    """Return the figures of each kind, a list of the rounds' each. ``step`` is called before each part."""
    psql = databases.psql(postgres)
    figures = {}
    with servers.ourselves(database_url) as server:
        load.get(server.url, "/")
        for number in range(rounds):
            for kind in COPY:
                step(f"{kind}, round {number + 1}")
                found = figures.setdefault(kind, {"copy": [], "first": [], "total": [], "memory": []})
                if psql:
                    found["copy"].append(copy(psql, database_url, kind))
                ours = stream(server, f"/actors.{kind}")
                for name in ("first", "total", "memory"):
                    found[name].append(getattr(ours, name))
    return figures


def measure_memory(database_url: str) -> dict[str, float]:
    """Return the MiB of one worker at rest, and of two with their master and a full page cache together."""
    with servers.ourselves(database_url) as server:
        load.get(server.url, "/")
        (worker,) = servers.workers(server)
        rest = servers.resident(worker)
    many = tuple(subjects.addresses(database_url, PAGES)["many"])
    with servers.ourselves(database_url, WEB_CONCURRENCY="2") as server:
        for connections in (2, 8):
            load.run(server.url, load.Request(many), FILLING / 2, connections)
        together = sum(map(servers.proportional, [server.process.pid, *servers.workers(server)]))
    return {"a worker at rest": rest, "two workers with a full page cache": together}
