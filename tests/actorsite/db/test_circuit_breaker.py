"""The circuit breaker: which threads may try to connect, and when."""

import time

import pytest
from psycopg2 import OperationalError

from actorsite.db import circuit_breaker
from actorsite.db.circuit_breaker import CircuitBreaker, CircuitOpenError

# No database is used.
pytestmark = pytest.mark.once


def fail():
    raise OperationalError("connection refused")


def test_closed_breaker_returns_the_connection():
    assert CircuitBreaker().connect(lambda: "connection") == "connection"


def test_open_breaker_refuses_connections_until_interval_ends(monkeypatch):
    breaker = CircuitBreaker()
    with pytest.raises(OperationalError, match="connection refused"):
        breaker.connect(fail)
    with pytest.raises(CircuitOpenError, match="The last connection attempt has just failed: connection refused"):
        breaker.connect(lambda: "connection")
    monkeypatch.setattr(circuit_breaker, "OPEN_SECONDS", 0)
    assert breaker.connect(lambda: "connection") == "connection"
    assert breaker.failed_at is None


def test_half_open_breaker_lets_one_thread_connect(monkeypatch):
    monkeypatch.setattr(circuit_breaker, "TRIAL_WAIT_SECONDS", 0.01)
    breaker = CircuitBreaker()
    breaker.half_open()
    with breaker.trial, pytest.raises(CircuitOpenError, match="another thread is connecting"):
        breaker.connect(lambda: "connection")
    assert breaker.connect(lambda: "connection") == "connection"
    assert not breaker.is_half_open


class ClosedMeanwhile(CircuitBreaker):
    """Circuit breaker whose ``failed_at`` another thread sets to None after some reads."""

    times = iter(())
    failed_at = property(lambda self: next(self.times, None), lambda self, value: None)


@pytest.mark.parametrize("reads", [1, 2])
def test_connect_while_breaker_closes_raises_circuit_open_error(reads):
    """Regression: ``failed_at`` was read again after the check for None, and the TypeError caused a 500."""
    breaker = ClosedMeanwhile()
    breaker.times = iter([time.monotonic()] * reads)
    with pytest.raises(CircuitOpenError):
        breaker.connect(lambda: "connection")


def test_same_failure_is_logged_once_a_minute(caplog, monkeypatch):
    monkeypatch.setattr(circuit_breaker, "OPEN_SECONDS", 0)
    breaker = CircuitBreaker()
    for _ in range(3):
        with pytest.raises(OperationalError):
            breaker.connect(fail)
    assert [record.getMessage() for record in caplog.records] == ["The database cannot be reached: connection refused"]


def test_trip_records_its_time():
    breaker = CircuitBreaker()
    before = time.monotonic()
    assert breaker.tripped_at < before
    breaker.trip()
    assert breaker.tripped_at >= before
