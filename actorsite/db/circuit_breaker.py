"""Circuit breaker: keeps threads free while the database cannot be reached.

A connection attempt to a server that hangs takes 2 s to fail. If every thread
waited for that, none would be left for requests that need no database, such as
the liveness probe, and visitors would wait for longer than 3 s.
"""

import logging
import re
import time
from threading import Lock

from psycopg2 import OperationalError

# Seconds between a failed connection attempt and the next one.
OPEN_SECONDS = 0.2
# Seconds for which a thread waits for another thread's attempt while the breaker is half open.
TRIAL_WAIT_SECONDS = 0.5
# Seconds after which the same reason is logged again.
LOG_INTERVAL_SECONDS = 60
# libpq has a line for each address tried: `connection to server at "db" (192.0.2.1), port 5432 failed: FATAL:  …`.
_FAILED = re.compile(r"^connection to server .* failed: (.*)", re.MULTILINE)
_SEVERITY = re.compile(r"^\w+:  ")
# The quotation marks depend on the server's language.
_QUOTED = re.compile(r'"[^"]*"|»[^«]*«|«[^»]*»|“[^”]*”|„[^“]*“')

logger = logging.getLogger("actorsite.db.postgresql")


class CircuitOpenError(OperationalError):
    """No connection attempt was made. ``reason`` says why the last attempt failed."""

    def __init__(self, message, reason):
        super().__init__(f"{message}: {reason}.")
        self.reason = reason


def public_reason(error: BaseException) -> str:
    """Return why the database does not serve, as one line without addresses and quoted names: anyone may read it."""
    if isinstance(error, CircuitOpenError):
        return error.reason
    text = str(error).strip()
    messages = _FAILED.findall(text)[-1:] or text.splitlines()[:1] or [type(error).__name__]
    return _QUOTED.sub("…", _SEVERITY.sub("", messages[0]))[:200].rstrip(". ")


class CircuitBreaker:
    """Circuit breaker: all threads may connect while attempts succeed, one at a time while they fail.

    Attributes:
        trial: Held by the one thread that tries to connect while the breaker is not closed.
        is_half_open: Whether an open connection was found broken, and no attempt has been made since.
        failed_at: When the last attempt failed; None if it succeeded.
        tripped_at: When a write was last refused. Connections that are older must not be reused.
        reason: Why the last attempt failed, as ``public_reason`` returns it.
    """

    def __init__(self):
        self.trial = Lock()
        self.is_half_open = False
        self.failed_at: float | None = None
        self.tripped_at = float("-inf")
        self.reason = ""
        self.logged, self.log_again_at, self.log_lock = "", 0.0, Lock()

    def trip(self):
        """Mark all open connections as not to be reused: a server refused a write because it is read-only.

        It may have become a standby, and a new connection finds its successor.
        This applies to all threads, so that only one of them has to fail.
        """
        self.tripped_at = time.monotonic()

    def half_open(self):
        """Let one thread at a time connect: an open connection was found broken.

        The server was restarted, or hangs.
        """
        self.is_half_open = True

    def connect(self, connect):
        """Return ``connect()``.

        Raises:
            CircuitOpenError: An attempt has just failed, or another thread is making one.
            OperationalError: The attempt failed.
        """
        # Read once: another thread that connects sets it to None at any time.
        failed_at = self.failed_at
        if not self.is_half_open and failed_at is None:
            return self._try(connect)
        is_open = failed_at is not None
        if failed_at is not None and time.monotonic() - failed_at < OPEN_SECONDS:
            raise CircuitOpenError("The last connection attempt has just failed", self.reason)
        if not self.trial.acquire(timeout=0 if is_open else TRIAL_WAIT_SECONDS):
            raise CircuitOpenError(
                "The database is unavailable", self.reason if is_open else "another thread is connecting"
            )
        try:
            return self._try(connect)
        finally:
            self.trial.release()

    def _try(self, connect):
        try:
            connection = connect()
        except OperationalError as error:
            self.reason = public_reason(error)
            self.failed_at = time.monotonic()
            self._log(" ".join(str(error).split()))
            raise
        self.is_half_open, self.failed_at = False, None
        return connection

    def _log(self, message):
        """Log libpq's message, which contains no password. Log the same message once a minute at most."""
        with self.log_lock:
            if message != self.logged or time.monotonic() >= self.log_again_at:
                self.logged, self.log_again_at = message, time.monotonic() + LOG_INTERVAL_SECONDS
                logger.error("The database cannot be reached: %s", message)
