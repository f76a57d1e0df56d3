"""SQLite files locked by another process, and the thread that enforces deadlines."""

import json
import sqlite3
import threading
import time

import pytest

from actorsite.db import deadlines
from tests.server import Server, migrated_database


def deadline_threads():
    return [thread for thread in threading.enumerate() if thread.name == "deadline"]


def test_sqlite_wait_past_deadline_does_not_end_deadline_thread():
    """Regression: a wait for SQLite past its deadline ended the deadline thread, and with it all deadlines."""
    deadlines.watch_connection(sqlite3.connect(":memory:"))
    with deadlines.deadline(0.1):
        time.sleep(0.4)
    assert deadline_threads()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_failed_deadline_thread_is_replaced(monkeypatch):
    """The next deadline starts a new thread if an exception ended the last one."""
    with monkeypatch.context() as patched:
        patched.setattr(deadlines, "_check_deadlines", lambda now: 1 / 0)
        with deadlines.deadline(1):
            time.sleep(0.4)
        assert not deadline_threads()
    with deadlines.deadline(1):
        assert deadline_threads()


def test_deadline_thread_starts_after_a_failed_start(monkeypatch):
    """Regression: the process was marked as watched before the thread started, so later requests had no deadline."""

    def start(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(deadlines, "_watching", None)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", start)
        with pytest.raises(RuntimeError), deadlines.deadline(1):
            pass
    before = len(deadline_threads())
    with deadlines.deadline(1):
        assert len(deadline_threads()) == before + 1


@pytest.fixture(scope="module")
def server():
    with migrated_database() as url, Server(url, WEB_THREADS="4") as running:
        yield running


@pytest.fixture
def exclusive_lock(server):
    """Yield a connection that holds an exclusive lock on the database file."""
    connection = sqlite3.connect(server.variables["DATABASE_URL"].removeprefix("sqlite:///"), isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    yield connection
    connection.close()


@pytest.mark.only_sqlite
@pytest.mark.parametrize("path", ["/", "/?q=mifune", "/spotlight/", "/actors.csv", "/actors.ndjson", "/readyz"])
def test_site_returns_503_in_three_seconds_if_sqlite_file_is_locked(server, exclusive_lock, path):
    start, before = time.monotonic(), len(server.log)
    status = server.get(path)[0]
    assert (status, time.monotonic() - start < 3) == (503, True)
    assert server.get("/livez")[0] == 200
    lines = [json.loads(line) for line in server.log[before:].splitlines()]
    assert not any("exception" in line for line in lines)
    exclusive_lock.execute("ROLLBACK")
    time.sleep(0.5)
    assert server.get(path)[0] == 200
