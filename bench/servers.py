"""The servers that are measured, one worker process each, and the memory that they use."""

import os
import re
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from bench import load
from tests.postgres import free_port
from tests.server import ROOT, Server, site

# The settings of the site's gunicorn.conf.py, so that limits, peers and the site are served alike.
GUNICORN = ("--workers=1", "--worker-class=gthread", "--threads=4", "--keep-alive=95", "--preload")
# A working directory in which gunicorn finds no gunicorn.conf.py.
OTHER_FOLDER = Path(__file__).resolve().parent
START_TIMEOUT = 60  # seconds
WSGI_PEERS = {
    "limit 1": ("limit1", {}),
    "limit 2": ("limit2", {}),
    "limit 3": ("limit3", {}),
    "replaced page": ("replaced", {}),
    "stock Django": ("stock", {"CONN_MAX_AGE": "0"}),
    "stock Django, connection kept": ("stock", {"CONN_MAX_AGE": "600"}),
}


@contextmanager
def wsgi_peer(name: str, database_url: str):
    """Serve the limit or peer ``name`` of WSGI_PEERS by gunicorn; yield its URL."""
    module, variables = WSGI_PEERS[name]
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", *GUNICORN, f"--bind=127.0.0.1:{port}", "--no-control-socket"]
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "DATABASE_URL": database_url, **variables}
    with _process([*command, f"bench.peers.{module}"], environ, port) as url:
        yield url


@contextmanager
def datasette(copy: Path):
    """Serve the SQLite file ``copy`` by datasette; yield its URL."""
    port = free_port()
    command = [sys.executable, "-m", "datasette", "serve", str(copy), "--host", "127.0.0.1"]
    with _process([*command, "--port", str(port)], {"PATH": os.environ["PATH"]}, port) as url:
        yield url


@contextmanager
def _process(command, environ, port):
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(command, cwd=OTHER_FOLDER, env=environ, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait(process, url, log)
            yield url
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait(process, url, log):
    end = time.monotonic() + START_TIMEOUT
    while True:
        try:
            load.get(url, "/")
            return
        except OSError:
            if process.poll() is None and time.monotonic() < end:
                time.sleep(0.05)
                continue
            log.seek(0)
            raise load.MeasurementError(f"{process.args} does not respond:\n{log.read()}") from None


@contextmanager
def serve_site(database_url: str, **variables: str):
    """Serve the site as in production; yield the running server. ``variables`` are environment variables."""
    with Server(database_url, **{"WEB_THREADS": "4", **variables}) as server:
        yield server


def first_response(database_url: str) -> float:
    """Return the seconds from the start of the site's server process to its first 200 on /livez."""
    server = Server(database_url)
    site()  # copied at the first call, which must not count
    begun = time.perf_counter()
    server.start()
    seconds = time.perf_counter() - begun
    server.stop()
    return seconds


def workers(server: Server) -> list[int]:
    """Return the ids of the server's worker processes."""
    found = subprocess.run(["pgrep", "-P", str(server.process.pid)], capture_output=True, text=True, check=True)
    return [int(line) for line in found.stdout.split()]


def resident(pid: int) -> float:
    """Return the resident set size of a process in MiB, shared memory included."""
    return _kilobytes(pid, "status", "VmRSS") / 1024


def proportional(pid: int) -> float:
    """Return the proportional set size of a process in MiB: shared memory is divided among those that share it."""
    return _kilobytes(pid, "smaps_rollup", "Pss") / 1024


def peak(pid: int) -> float:
    """Return the peak resident set size of a process in MiB, since its start or ``forget_peak``."""
    return _kilobytes(pid, "status", "VmHWM") / 1024


def forget_peak(pid: int) -> None:
    """Reset the peak resident set size of a process."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def _kilobytes(pid, file, name):
    # A zombie process has no such line.
    found = re.search(rf"^{name}:\s+(\d+) kB", Path(f"/proc/{pid}/{file}").read_text(), re.MULTILINE)
    return int(found[1]) if found else 0
