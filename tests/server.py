"""The real server: gunicorn with the real gunicorn.conf.py, on a free port, in a separate process."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path

from tests.database import cursor_of, database_url, scratch_database
from tests.environment import DATABASE, MEASURED
from tests.postgres import free_port
from tests.shared import FOLDER, create_once
from tests.static_files import copy_static_files

ROOT = Path(__file__).resolve().parent.parent
# Preparations are not measured: coverage would only slow them down.
UNMEASURED = dict.fromkeys(MEASURED)


@cache
def site():
    """Return a folder with the contents of an image: the code and the collected static files."""
    return create_once("site", _make_site)


def _make_site(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in ("actors", "actorsite"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("manage.py", "gunicorn.conf.py"):
        shutil.copy(ROOT / name, folder)
    copy_static_files(folder / "static", partial(_collect_static_files, folder))


def _collect_static_files(folder):
    collected = subprocess.run(
        [sys.executable, "manage.py", "collectstatic", "--no-input"],
        cwd=folder,
        env=environment(DATABASE_URL="sqlite:////nonexistent/none", **UNMEASURED),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert collected.returncode == 0, collected.stderr


def environment(**variables):
    """Return the environment of production, changed by ``variables``. The value None removes a variable."""
    chosen = {
        "SECRET_KEY": "only-for-tests-only-for-tests-only-for-tests-only-for-tests",
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
        "PATH": os.environ["PATH"],
        **MEASURED,
        **variables,
    }
    return {name: value for name, value in chosen.items() if value is not None}


def manage(*arguments, timeout=120, **variables):
    """Run manage.py in a separate process; return the completed process, with its output as text."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=timeout,
    )


@contextmanager
def migrated_database(fixtures=()):
    """Create a database of the kind under test, with all migrations and ``fixtures``; yield its URL; drop it."""
    if DATABASE == "sqlite":
        with tempfile.TemporaryDirectory(prefix="actorsite-") as folder:
            yield f"sqlite:///{shutil.copy(_migrated_file(*fixtures), folder)}"
    else:
        with scratch_database(template=migrated_template(*fixtures)) as url:
            yield url


@cache
def migrated_template(*fixtures):
    """Return the name of a PostgreSQL database with all migrations and ``fixtures``, to be copied and never changed."""

    def make(path):
        base = migrated_template() if fixtures else "template1"
        # Write the name first, so that drop_templates() drops the database even if its migration fails.
        path.write_text(f"migrated_{uuid.uuid4().hex[:12]}")
        with cursor_of(os.environ["TEST_DATABASE_URL"]) as cursor:
            cursor.execute(f"CREATE DATABASE {path.read_text()} TEMPLATE {base}")
        _prepare(database_url(path.read_text()), fixtures)

    return create_once("-".join(["template", *fixtures]), make).read_text()


@cache
def _migrated_file(*fixtures):
    """Return the path of a SQLite file with all migrations and ``fixtures``, to be copied and never changed."""

    def make(path):
        path.unlink(missing_ok=True)
        if fixtures:
            shutil.copy(_migrated_file(), path)
        _prepare(f"sqlite:///{path}", fixtures)

    return create_once("-".join(["migrated", *fixtures]) + ".sqlite3", make)


def _prepare(url, fixtures):
    command = ["loaddata", *fixtures] if fixtures else ["migrate", "--verbosity", "0"]
    ended = manage(*command, timeout=300, DATABASE_URL=url, **UNMEASURED)
    assert ended.returncode == 0, ended.stderr


def drop_templates():
    """Drop the databases that migrated_template() created in this run, because the server may outlive the run."""
    for path in FOLDER.glob("template*"):
        if not path.suffix:
            with cursor_of(os.environ["TEST_DATABASE_URL"]) as cursor:
                cursor.execute(f"DROP DATABASE IF EXISTS {path.read_text()}")


class Server:
    """A server with the site. As a context manager, it starts, waits for /livez, and stops at the end.

    ``variables`` are environment variables. ``log`` is its output so far.
    """

    def __init__(self, database_url, **variables):
        self.port = free_port()
        self.variables = environment(
            DATABASE_URL=database_url, **{"WEB_CONCURRENCY": "1", "PORT": str(self.port), **variables}
        )
        self.output = tempfile.NamedTemporaryFile(prefix="actorsite-", suffix=".log")  # noqa: SIM115  closed by stop
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exception):
        self.stop()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self):
        return Path(self.output.name).read_text(encoding="utf-8")

    def start(self, patience=20):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "actorsite.server.start"],
            cwd=site(),
            env=self.variables,
            stdout=self.output,
            stderr=subprocess.STDOUT,
        )
        end = time.monotonic() + patience
        while time.monotonic() < end:
            assert self.process.poll() is None, f"The server ended with {self.process.returncode}:\n{self.log}"
            try:
                if self.get("/livez", timeout=2)[0] == 200:
                    return
            except OSError:
                time.sleep(0.05)
        self.stop()
        raise AssertionError(f"The server does not answer:\n{self.log}")

    def stop(self, signal_number=signal.SIGTERM):
        """Signal the server, wait until it exits, and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        try:
            return self.process.wait(timeout=30)
        finally:
            self.process.kill()

    def request(self, method, path, headers=None, body=None, timeout=10):
        """Return (status, headers, body) of one request on a new connection."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def get(self, path, headers=None, timeout=10):
        return self.request("GET", path, headers, timeout=timeout)

    def raw(self, data, timeout=10):
        """Send raw bytes; return the bytes received until the server closes the connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as peer:
            peer.sendall(data)
            peer.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: peer.recv(65_536), b""))
