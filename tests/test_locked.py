"""SQLite while another process holds it, and what looks after the waits of threads."""

import sqlite3
import threading
import time

import pytest

from actorsite import deadline

pytestmark = pytest.mark.once


def lookers():
    return [thread for thread in threading.enumerate() if thread.name == "deadline"]


def test_a_wait_for_sqlite_ends_nobody():
    """Who waited past the deadline ended the thread that looks, and so every deadline of the process."""
    deadline.watch(sqlite3.connect(":memory:"))
    with deadline.deadline(0.1):
        time.sleep(0.4)
    assert lookers()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_whoever_looks_is_replaced(monkeypatch):
    """After a fault of ours."""
    with monkeypatch.context() as patched:
        patched.setattr(deadline, "_look_once", lambda now: 1 / 0)
        with deadline.deadline(1):
            time.sleep(0.4)
        assert not lookers()
    with deadline.deadline(1):
        assert lookers()
