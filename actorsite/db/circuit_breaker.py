"""Keeps threads free while the database is away.

A connection to a server that hangs takes its 2 s to fail. Were every thread
to wait for that, nobody would be left to answer what needs no database, the
liveness probe first of all, and visitors would queue for longer than 3 s.
"""

import logging
import re
import time
from threading import Lock

from psycopg2 import OperationalError

# Seconds without a try after a failed one.
OPEN_SECONDS = 0.2
# Seconds for which a thread waits for another's try, while it is not known that the database is away.
TRIAL_WAIT_SECONDS = 0.5
# Seconds after which the same reason is logged again.
LOG_INTERVAL_SECONDS = 60
# One for each address that was tried: `connection to server at "db" (192.0.2.1), port 5432 failed: FATAL:  …`.
_FAILED = re.compile(r"^connection to server .* failed: (.*)", re.MULTILINE)
_SEVERITY = re.compile(r"^\w+:  ")
# As the server's language quotes names.
_QUOTED = re.compile(r'"[^"]*"|»[^«]*«|«[^»]*»|“[^”]*”|„[^“]*“')

logger = logging.getLogger("actorsite.db.postgresql")


class CircuitOpen(OperationalError):
    """No try was made; ``reason`` says why the one before failed."""

    def __init__(self, message, reason):
        super().__init__(f"{message}: {reason}.")
        self.reason = reason


def public_reason(error: BaseException) -> str:
    """Return why the database does not serve, in a line for everybody: without addresses, and names that are quoted."""
    if isinstance(error, CircuitOpen):
        return error.reason
    text = str(error).strip()
    said = _FAILED.findall(text)[-1:] or text.splitlines()[:1] or [type(error).__name__]
    return _QUOTED.sub("…", _SEVERITY.sub("", said[0]))[:200].rstrip(". ")


class CircuitBreaker:
    """Lets every thread connect while that succeeds, and one at a time when it does not."""

    def __init__(self):
        self.trial = Lock()
        self.doubted = False
        self.failed = None
        self.refused = float("-inf")
        self.reason = ""
        self.said, self.silent_until, self.saying = "", 0.0, Lock()

    def refuse(self):
        """A write was refused as to a read-only server: no connection of before is to be used again.

        Its server may have become a standby, and a new connection finds the
        successor. All threads are told: each would have to fail once itself.
        """
        self.refused = time.monotonic()

    def doubt(self):
        """A kept connection was found broken: by a restart, or because the server hangs."""
        self.doubted = True

    def connect(self, connect):
        """Return ``connect()``. Raises OperationalError at once where a try is known to be in vain."""
        if not self.doubted and self.failed is None:
            return self._try(connect)
        away = self.failed is not None
        if away and time.monotonic() - self.failed < OPEN_SECONDS:
            raise CircuitOpen("The database was away a moment ago", self.reason)
        if not self.trial.acquire(timeout=0 if away else TRIAL_WAIT_SECONDS):
            raise CircuitOpen("The database is away", self.reason if away else "another thread tries to reach it")
        try:
            return self._try(connect)
        finally:
            self.trial.release()

    def _try(self, connect):
        try:
            connection = connect()
        except OperationalError as error:
            self.reason = public_reason(error)
            self.failed = time.monotonic()
            self._say(" ".join(str(error).split()))
            raise
        self.doubted, self.failed = False, None
        return connection

    def _say(self, text):
        """Log what libpq says, which names server and user and no password; what is said already, once a minute."""
        with self.saying:
            if text != self.said or time.monotonic() >= self.silent_until:
                self.said, self.silent_until = text, time.monotonic() + LOG_INTERVAL_SECONDS
                logger.error("The database cannot be reached: %s", text)
