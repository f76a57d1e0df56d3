"""A new dyno takes over from an old one, under load, and no visitor notices."""

import signal
import time

import pytest

from tests.platform import dyno as dynos
from tests.platform.traffic import Traffic

# On one worker with the other tests of dynos: the scenarios of the pods take longer than those without it.
pytestmark = pytest.mark.xdist_group("heroku")

PATHS = ("/", "/spotlight/", "/?q=leung", "/actors.json", "/actors.csv", "/admin/login/")
UPDATES = 8
# A busy machine must not look like a failed update, so slow answers are allowed.
PATIENT = {"DATABASE_STATEMENT_TIMEOUT": "25000"}


class Formation:
    """The dynos of an app, and the dynos that the router sends requests to."""

    def __init__(self, start):
        self.start = start
        self.routed = []
        self.now = None

    def endpoints(self):
        return self.routed

    def first(self):
        self.now = self.start(config=PATIENT)
        self.now.up()
        self.routed = [self.now.endpoint()]

    def update(self, number):
        """Start a new dyno. Once it answers, send the signal ``number`` twice to the old one, and return that."""
        old, new = self.now, self.start(config=PATIENT)
        new.up()
        # Both serve for a moment, as they do on Heroku, before the router forgets the old one.
        self.routed = [old.endpoint(), new.endpoint()]
        time.sleep(0.3)
        self.routed = [new.endpoint()]
        time.sleep(0.1)
        for _ in range(2):
            old.signal_all(number)
        self.now = new
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
    said = [line for line in logs if '"level": "INFO"' not in line]
    assert traffic.failures == [], "\n".join([traffic.report(), *said[-20:]])


def test_update_without_graceful_stop_fails_requests(start):
    """Negative control: requests that TERM would let finish are cut off by KILL, and the load reports them."""
    formation = Formation(start)
    formation.first()
    with Traffic(formation.endpoints, PATHS, dynos.router(), threads=4, rate=250) as traffic:
        for _ in range(UPDATES):
            traffic.until(traffic.requests + 500)
            old, new = formation.now, formation.start(config=PATIENT)
            new.up()
            # A signal rarely arrives during a request of a millisecond, so the dyno is paused first.
            old.signal_all(signal.SIGSTOP)
            time.sleep(0.5)
            formation.routed, formation.now = [new.endpoint()], new
            old.signal_all(signal.SIGKILL)
            if cut_off(traffic):
                break
    print(traffic.report())
    assert cut_off(traffic)


def cut_off(traffic):
    """Return the requests that got no complete answer."""
    return [failure for failure in traffic.failures if "connection)" in failure.why]
