"""The threads of a worker share one malloc arena."""

import concurrent.futures
import itertools
import re
import subprocess
from pathlib import Path

from tests.server import Server, migrated_database

HEAP = 64 * 2**20  # the size and alignment of an arena that glibc reserves for a thread other than the first


def arenas(pid):
    """Return the number of malloc arenas of a process, without the main arena."""
    lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
    maps = [
        (int(start, 16), int(end, 16))
        for line in lines
        for start, end in re.findall("^(\\w+)-(\\w+) (?:rw|--)-p", line)
    ]
    return sum(
        start % HEAP == 0 and after == end and beyond == start + HEAP
        for (start, end), (after, beyond) in itertools.pairwise(maps)
    )


def test_threads_of_a_worker_share_one_arena():
    with migrated_database(["actors", "films"]) as url, Server(url, WEB_THREADS="4") as server:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            assert {status for status, *_ in pool.map(server.get, ["/", "/actors.json"] * 20)} == {200}
        found = subprocess.run(["pgrep", "-P", str(server.process.pid)], capture_output=True, text=True, check=True)
        (worker,) = found.stdout.split()
        assert arenas(worker) == 0
