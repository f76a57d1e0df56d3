"""What waits for the database is bounded, and what is known to take long may."""

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
    """A connection of its own for each test, which may break it."""
    connection.close()
    # Connecting takes longer than what is bounded here, on a busy machine.
    connection.ensure_connection()
    yield
    connection.close()


def sleep(seconds):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(%s)", [seconds])


def test_a_wait_ends_at_its_deadline():
    start = time.monotonic()
    with pytest.raises((OperationalError, InterfaceError)), deadlines.deadline(0.3):
        sleep(5)
    assert 0.3 <= time.monotonic() - start < 5


def test_an_inner_deadline_does_not_lengthen_the_outer():
    start = time.monotonic()
    with pytest.raises((OperationalError, InterfaceError)), deadlines.deadline(0.3), deadlines.deadline(5):
        sleep(5)
    assert time.monotonic() - start < 5


def test_an_inner_deadline_ends_with_its_block():
    with deadlines.deadline(5):
        with deadlines.deadline(1):
            sleep(0)
        sleep(1.2)


def test_work_that_is_known_to_take_long_may():
    with deadlines.deadline(1):
        deadlines.extend_deadline(8)
        sleep(1.2)


def test_after_the_request_nothing_is_cut():
    with deadlines.deadline(1):
        sleep(0)
    sleep(1.2)


def test_who_does_other_work_than_wait_is_not_cut():
    """A password was hashed for longer on a busy machine, and its account could not sign in: a 503."""
    before = connection.connection
    with deadlines.deadline(3), deadlines.deadline(2):
        time.sleep(3.8)
        # When the time has passed a second time, this is under way, and has not had its two seconds.
        sleep(1)
    sleep(0)
    assert connection.connection is before


def test_a_wait_after_other_work_ends_too():
    start = time.monotonic()
    with pytest.raises((OperationalError, InterfaceError)), deadlines.deadline(0.5):
        time.sleep(0.8)
        sleep(8)
    assert time.monotonic() - start < 5


def test_other_work_within_an_inner_deadline_does_not_end_the_outer():
    with deadlines.deadline(0.5):
        with deadlines.deadline(5):
            time.sleep(0.8)
        sleep(0.2)


def test_a_stream_gets_as_much_time_for_each_part():
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


def test_a_file_of_data_may_be_silent_for_longer(monkeypatch):
    """At ten million, what a search finds may be seconds apart; the file was cut there."""

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


def test_a_ping_that_is_answered_as_its_time_ends_is_no_answer(monkeypatch):
    """The connection is given up then: whoever went on with it would find it lost."""

    def late(wrapper):
        with contextlib.suppress(OperationalError, InterfaceError):
            sleep(base.PING_SECONDS + 2)
        return True

    monkeypatch.setattr(base.base.DatabaseWrapper, "is_usable", late)
    connection.ensure_connection()
    assert connection.is_usable() is False
    with pytest.raises((OperationalError, InterfaceError)):
        sleep(0)


def test_a_ping_in_time_is_an_answer():
    connection.ensure_connection()
    assert connection.is_usable() is True
    sleep(base.PING_SECONDS + 0.2)
