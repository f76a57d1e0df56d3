"""Keeps threads free while the database is away.

A connection to a server that hangs takes its 2 s to fail. Were every thread
to wait for that, nobody would be left to answer what needs no database, the
liveness probe first of all, and visitors would queue for longer than 3 s.
"""

import time
from threading import Lock

from psycopg2 import OperationalError

# Seconds without a try after a failed one.
PAUSE = 0.2
# Seconds for which a thread waits for another's try, while it is not known that the database is away.
WAIT = 0.5


class Gate:
    """Lets every thread connect while that succeeds, and one at a time when it does not."""

    def __init__(self):
        self.trial = Lock()
        self.doubted = False
        self.failed = None
        self.refused = float("-inf")

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
        if away and time.monotonic() - self.failed < PAUSE:
            raise OperationalError("The database was away a moment ago.")
        if not self.trial.acquire(timeout=0 if away else WAIT):
            raise OperationalError("The database is away: another thread tries to reach it.")
        try:
            return self._try(connect)
        finally:
            self.trial.release()

    def _try(self, connect):
        try:
            connection = connect()
        except OperationalError:
            self.failed = time.monotonic()
            raise
        self.doubted, self.failed = False, None
        return connection
