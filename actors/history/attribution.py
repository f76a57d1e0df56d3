"""Attribution of changes: the user and the source.

Triggers write the history, so that no write can bypass it. Django only tells the database the user and the source.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper


class Attribution(NamedTuple):
    """The user name, the source (admin, import, command) and the id of the Batch, if there is one."""

    who: str
    origin: str
    batch: int | None


# Views always set an attribution, so a write without one comes from a command.
UNATTRIBUTED = Attribution("", "command", None)
_attribution: ContextVar[Attribution] = ContextVar("actors.history", default=UNATTRIBUTED)


@contextmanager
def attributed_to(who: str, origin: str, batch: int | None = None) -> Iterator[None]:
    """Run the block in a transaction, and attribute all writes in it to a user and a source.

    Args:
        who: The user name.
        origin: The source: "admin", "import" or "command".
        batch: The id of the Batch that the writes belong to.
    """
    before = _attribution.get()
    # Open the connection before the variable is set: a new connection keeps the current attribution as its default.
    with transaction.atomic():
        own = Attribution(who, origin, batch)
        token = _attribution.set(own)
        try:
            _set_attribution(connection, own, local=True)
            yield
            _set_attribution(connection, before, local=True)
        finally:
            _attribution.reset(token)


def _set_attribution(connection: BaseDatabaseWrapper, attribution: Attribution, *, local: bool) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('actors.who', %s, %s), set_config('actors.origin', %s, %s), "
                "set_config('actors.batch', %s, %s)",
                [attribution.who, local, attribution.origin, local, str(attribution.batch or ""), local],
            )


def set_up_connection(sender: type[BaseDatabaseWrapper], connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Set the attribution of a new connection. On SQLite, add the functions by which triggers read it."""
    if connection.vendor == "sqlite":
        connection.connection.create_function("actor_who", 0, lambda: _attribution.get().who)
        connection.connection.create_function("actor_origin", 0, lambda: _attribution.get().origin)
        connection.connection.create_function("actor_batch", 0, lambda: _attribution.get().batch)
    else:
        _set_attribution(connection, _attribution.get(), local=False)
