import time

from django.conf import settings
from django.db.backends.postgresql import base

from actorsite.db.circuit_breaker import Gate
from actorsite.db.deadlines import deadline, watch, watched

# Seconds for the question whether a kept connection still answers.
PING = 0.6
# Set by actorsite.wsgi: commands such as migrate may take the time they need.
serving = False

gate = Gate()


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params):
        def connect():
            return super(DatabaseWrapper, self).get_new_connection(conn_params)

        opened = time.monotonic()
        connection = gate.connect(connect) if serving else connect()
        watch(connection)
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
        if self.opened <= gate.refused:
            return False
        watch(self.connection)
        with deadline(PING):
            usable = super().is_usable()
        # An answer that came with the end of the deadline: the connection was given up all the same.
        usable = usable and watched(self.connection)
        if not usable:
            gate.doubt()
        return usable
