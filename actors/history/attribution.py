"""Who makes a change, and from where.

The database writes the history itself, by triggers, so that no way of writing can bypass it. Django only tells the
database on whose behalf it writes.
"""

from contextlib import contextmanager
from contextvars import ContextVar

from django.db import connection, transaction
from django.db.backends.signals import connection_created

# What Django writes without saying more comes from a command: pages always say more.
_attribution = ContextVar("actors.history", default=("", "command", None))


@contextmanager
def attributed_to(who: str, origin: str, batch: int | None = None):
    """Do what stands in the block as ``who`` from ``origin`` (admin, import, command), in one transaction.

    ``batch`` is the id of the Batch that it belongs to, where it is undone as one.
    """
    before = _attribution.get()
    # First the connection: one that is opened here is told for good on whose behalf it is, and that is nobody's yet.
    with transaction.atomic():
        token = _attribution.set((who, origin, batch))
        try:
            _set_attribution(connection, who, origin, batch, local=True)
            yield
            _set_attribution(connection, *before, local=True)
        finally:
            _attribution.reset(token)


def _set_attribution(connection, who, origin, batch, *, local):
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('actors.who', %s, %s), set_config('actors.origin', %s, %s), "
                "set_config('actors.batch', %s, %s)",
                [who, local, origin, local, str(batch or ""), local],
            )


def _register_connection(sender, connection, **kwargs):
    """Tell a new connection that Django is behind it; SQLite asks at every write."""
    if connection.vendor == "sqlite":
        connection.connection.create_function("actor_who", 0, lambda: _attribution.get()[0])
        connection.connection.create_function("actor_origin", 0, lambda: _attribution.get()[1])
        connection.connection.create_function("actor_batch", 0, lambda: _attribution.get()[2])
    else:
        _set_attribution(connection, *_attribution.get(), local=False)


connection_created.connect(_register_connection, dispatch_uid="actors.history")
