import time

from django.conf import settings
from django.db.backends.postgresql import base

from actorsite.db.circuit_breaker import CircuitBreaker
from actorsite.db.deadlines import deadline, is_watched, watch_connection

# Seconds for the question whether a kept connection still answers.
PING_SECONDS = 0.6
# Set by actorsite.wsgi: commands such as migrate may take the time they need.
serving = False

breaker = CircuitBreaker()


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params):
        def connect():
            return super(DatabaseWrapper, self).get_new_connection(conn_params)

        opened = time.monotonic()
        connection = breaker.connect(connect) if serving else connect()
        watch_connection(connection)
        self.opened = opened
        return connection

    def init_connection_state(self):
        super().init_connection_state()
        with self.connection.cursor() as cursor:
            # To compile a statement takes seconds where it has many parts, and none here runs as long as that.
            cursor.execute("SET jit = off")
            if serving:
                cursor.execute("SET statement_timeout = %s", [settings.DATABASE_STATEMENT_TIMEOUT])

    def is_usable(self):
        if self.opened <= breaker.refused:
            return False
        watch_connection(self.connection)
        with deadline(PING_SECONDS):
            usable = super().is_usable()
        # An answer that came with the end of the deadline: the connection was given up all the same.
        usable = usable and is_watched(self.connection)
        if not usable:
            breaker.doubt()
        return usable
