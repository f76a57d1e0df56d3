"""Deadlines limit waits for the database; extended deadlines allow long work."""

import contextlib
import time

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.http import StreamingHttpResponse
from django.test import RequestFactory

from actorsite.db import deadlines
from actorsite.db.postgresql import base
from actorsite.page_cache import publishing

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def own_connection():
    """Open a new connection for each test, which may break it."""
    connection.close()
    # On a busy machine, connecting can take longer than the deadlines here.
    connection.ensure_connection()
    yield
    connection.close()


def sleep(seconds):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(%s)", [seconds])


def test_database_wait_ends_at_its_deadline():
    start = time.monotonic()
    with pytest.raises((OperationalError, InterfaceError)), deadlines.deadline(0.3):
        sleep(5)
    assert 0.3 <= time.monotonic() - start < 5


def test_inner_deadline_does_not_extend_the_outer():
    start = time.monotonic()
    with pytest.raises((OperationalError, InterfaceError)), deadlines.deadline(0.3), deadlines.deadline(5):
        sleep(5)
    assert time.monotonic() - start < 5


def test_inner_deadline_ends_with_its_block():
    with deadlines.deadline(5):
        with deadlines.deadline(1):
            sleep(0)
        sleep(1.2)


def test_extended_deadline_allows_a_longer_query():
    with deadlines.deadline(1):
        deadlines.extend_deadline(8)
        sleep(1.2)


def test_connection_is_not_cut_after_the_end_of_its_deadline():
    with deadlines.deadline(1):
        sleep(0)
    sleep(1.2)


def test_deadline_of_thread_not_waiting_for_database_is_renewed():
    """Regression: on a busy machine, hashing a password took longer than the deadline, and signing in returned 503."""
    before = connection.connection
    with deadlines.deadline(3), deadlines.deadline(2):
        time.sleep(3.8)
        # When the renewed deadline passes, this statement is running, but has not yet had its two seconds.
        sleep(1)
    sleep(0)
    assert connection.connection is before


def test_database_wait_after_other_work_is_still_limited():
    start = time.monotonic()
    with pytest.raises((OperationalError, InterfaceError)), deadlines.deadline(0.5):
        time.sleep(0.8)
        sleep(8)
    assert time.monotonic() - start < 5


def test_other_work_in_inner_deadline_does_not_end_the_outer():
    with deadlines.deadline(0.5):
        with deadlines.deadline(5):
            time.sleep(0.8)
        sleep(0.2)


def test_each_part_of_a_stream_has_its_own_deadline():
    def rows(*naps):
        for nap in naps:
            sleep(nap)
            yield b"row"

    def stream(*naps):
        middleware = deadlines.RequestDeadlineMiddleware(lambda request: StreamingHttpResponse(rows(*naps)))
        middleware.seconds = 2
        return list(middleware(RequestFactory().get("/")))

    assert stream(0.8, 0.8, 0.8) == [b"row"] * 3
    with pytest.raises((OperationalError, InterfaceError)):
        stream(0, 8)


def test_stream_response_allows_longer_waits_between_parts(monkeypatch):
    """Regression: with ten million rows, the matches may be seconds apart, and the file was cut off."""

    def stream(nap):
        def rows():
            yield b"row"
            sleep(nap)
            yield b"row"

        middleware = deadlines.RequestDeadlineMiddleware(
            lambda request: publishing.stream_response(request, rows(), "text/plain")
        )
        middleware.seconds = 0.5
        return list(middleware(RequestFactory().get("/")))

    assert stream(1.5) == [b"row"] * 2
    monkeypatch.setattr(publishing, "MAX_SILENCE_SECONDS", 1)
    with pytest.raises((OperationalError, InterfaceError)):
        stream(8)


def test_connection_with_late_health_check_is_unusable(monkeypatch):
    """The socket has been shut down by then, so the connection must not be used."""

    def late(wrapper):
        with contextlib.suppress(OperationalError, InterfaceError):
            sleep(base.PING_SECONDS + 2)
        return True

    monkeypatch.setattr(base.base.DatabaseWrapper, "is_usable", late)
    connection.ensure_connection()
    assert connection.is_usable() is False
    with pytest.raises((OperationalError, InterfaceError)):
        sleep(0)


def test_connection_with_timely_health_check_is_usable():
    connection.ensure_connection()
    assert connection.is_usable() is True
    sleep(base.PING_SECONDS + 0.2)
