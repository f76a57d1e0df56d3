"""shut_down_socket ends another thread's wait for PostgreSQL."""

import threading
import time

import psycopg2
import pytest
from django.db import connection

from actorsite.db.sockets import shut_down_socket

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def other():
    """Yield a psycopg2 connection in addition to Django's."""
    other = psycopg2.connect(**connection.get_connection_params() | {"cursor_factory": None})
    yield other
    other.close()


def test_shut_down_socket_ends_a_statement_of_another_thread(other):
    timer = threading.Timer(0.3, shut_down_socket, [other])
    start = time.monotonic()
    timer.start()
    with pytest.raises((psycopg2.OperationalError, psycopg2.InterfaceError)), other.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(8)")
    assert time.monotonic() - start < 5


def test_shut_down_socket_of_a_closed_connection_does_nothing(other):
    other.close()
    shut_down_socket(other)
