"""The PostgreSQL backend's connection."""

import time

from django.conf import settings
from django.db.backends.postgresql import base

from actorsite.db.circuit_breaker import CircuitBreaker
from actorsite.db.deadlines import deadline, is_watched, watch_connection

# Seconds within which a reused connection must answer the health check.
PING_SECONDS = 0.6
# Seconds for which the health check is skipped after the connection has answered the page cache.
HEALTHY_SECONDS = 0.1
# Set by actorsite.wsgi. Management commands such as migrate have no time-outs.
serving = False

breaker = CircuitBreaker()


class DatabaseWrapper(base.DatabaseWrapper):
    """Connection that limits the time of connecting, of the health check and of statements while the site is served.

    Subclassing a backend is documented; the methods overridden here are not. No
    signal is sent before a connection attempt or by the health check.
    """

    # The time, by time.monotonic, when the page cache last read the version of the data over this connection.
    answered_at = -HEALTHY_SECONDS

    def get_new_connection(self, conn_params):
        """Connect through the circuit breaker while serving, and watch the connection."""

        def connect():
            return super(DatabaseWrapper, self).get_new_connection(conn_params)

        opened = time.monotonic()
        connection = breaker.connect(connect) if serving else connect()
        watch_connection(connection)
        self.opened = opened
        return connection

    def init_connection_state(self):
        """Turn JIT compilation off; while serving, set the statement timeout too."""
        super().init_connection_state()
        with self.connection.cursor() as cursor:
            # JIT compilation of a large statement takes seconds, longer than any statement of the site runs.
            cursor.execute("SET jit = off")
            if serving:
                cursor.execute("SET statement_timeout = %s", [settings.DATABASE_STATEMENT_TIMEOUT])

    def is_usable(self):
        """Return whether the connection answers in time and was opened after the breaker last tripped."""
        if self.opened <= breaker.tripped_at:
            return False
        # Django checks twice for a page that is not cached: before the page cache reads the version, and after it.
        if time.monotonic() < self.answered_at + HEALTHY_SECONDS and is_watched(self.connection):
            return True
        watch_connection(self.connection)
        with deadline(PING_SECONDS):
            usable = super().is_usable()
        # The result may have arrived just as the deadline passed and the socket was shut down.
        usable = usable and is_watched(self.connection)
        if not usable:
            breaker.half_open()
        return usable
