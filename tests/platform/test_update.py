"""A new dyno replaces an old one under load, and no request fails."""

import signal
import time

import pytest

from tests.platform import dyno as dynos
from tests.platform.traffic import Traffic

# Run on the pytest worker of the other dyno tests. The pod scenarios run on another worker, and take longer.
pytestmark = pytest.mark.xdist_group("heroku")

PATHS = ("/", "/spotlight/", "/?q=leung", "/actors.json", "/actors.csv", "/admin/login/")
UPDATES = 8
# Slow responses are allowed: a busy machine must not look like a failed update.
PATIENT = {"DATABASE_STATEMENT_TIMEOUT": "25000"}


class Formation:
    """The dynos of an app. ``current`` is the newest one; ``routed`` are the endpoints that receive requests."""

    def __init__(self, start):
        self.start = start
        self.routed = []
        self.current = None

    def endpoints(self):
        return self.routed

    def first(self):
        self.current = self.start(config=PATIENT)
        self.current.up()
        self.routed = [self.current.endpoint()]

    def update(self, number):
        """Start a new dyno. When it responds, signal the old one twice with ``number``, and return the old one."""
        old, new = self.current, self.start(config=PATIENT)
        new.up()
        # Both serve for a moment, as on Heroku, before the router removes the old one.
        self.routed = [old.endpoint(), new.endpoint()]
        time.sleep(0.3)
        self.routed = [new.endpoint()]
        time.sleep(0.1)
        for _ in range(2):
            old.signal_all(number)
        self.current = new
        return old


def test_update_under_load_fails_no_request(start):
    formation, logs = Formation(start), []
    formation.first()
    with Traffic(formation.endpoints, PATHS, dynos.router(), threads=4, rate=250, timeout=30) as traffic:
        for part in range(1, UPDATES + 1):
            traffic.until(part * 20_000 // UPDATES)
            old = formation.update(signal.SIGTERM)
            assert old.wait(30) == 0
            logs += old.logs()[0].splitlines()
        traffic.until(traffic.requests + 500)
    print(traffic.report(), f"{UPDATES} updates, {traffic.requests / traffic.lasted:.0f} requests/s")
    assert traffic.requests >= 20_000
    log_lines = [line for line in logs if '"level": "INFO"' not in line]
    assert traffic.failures == [], "\n".join([traffic.report(), *log_lines[-20:]])


def test_update_without_graceful_stop_fails_requests(start):
    """Negative control: SIGKILL cuts off requests that SIGTERM would let finish, and the traffic reports them."""
    formation = Formation(start)
    formation.first()
    with Traffic(formation.endpoints, PATHS, dynos.router(), threads=4, rate=250) as traffic:
        for _ in range(UPDATES):
            traffic.until(traffic.requests + 500)
            old, new = formation.current, formation.start(config=PATIENT)
            new.up()
            # A signal rarely hits a request that takes a millisecond, so the dyno is paused first.
            old.signal_all(signal.SIGSTOP)
            time.sleep(0.5)
            formation.routed, formation.current = [new.endpoint()], new
            old.signal_all(signal.SIGKILL)
            if cut_off(traffic):
                break
    print(traffic.report())
    assert cut_off(traffic)


def cut_off(traffic):
    """Return the requests without a complete response."""
    return [failure for failure in traffic.failures if "connection)" in failure.reason]
