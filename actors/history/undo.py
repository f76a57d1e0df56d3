"""Undoing a batch: an import, a merge, or an earlier undo."""

from collections.abc import Sequence

from django.db import IntegrityError, connection, transaction
from django.db.backends.utils import CursorWrapper

from actors.history.actors import TRACKED_FIELDS
from actors.history.attribution import attributed_to
from actors.history.errors import NotRestorableError
from actors.history.merge import credits_moved_since, undo_merge
from actors.models import Batch, Merge
from actors.models.years import YEAR_FIELDS

# An added actor counts as changed if it has credits by now: deleting it would delete them.
_CHANGED_SINCE = """
    FROM actors_change AS c LEFT JOIN actor AS a ON a.actor_id = c.actor_id
    WHERE c.batch_id = %s AND (
        CASE WHEN c.kind = '-' THEN a.actor_id IS NOT NULL ELSE coalesce(a.version, 0) <> c.version END
        OR c.kind = '+' AND EXISTS (SELECT 1 FROM actors_credit AS part WHERE part.actor_id = c.actor_id)
    )
"""


class ChangedSinceBatchError(Exception):
    """Actors were changed after the batch was written; ``ids`` has up to 100 of their ids."""

    def __init__(self, ids: Sequence[int]) -> None:
        super().__init__("Actors were changed in the meantime.")
        self.ids = ids


class CannotUndoUnmergeError(ValueError):
    """The batch undid a merge: only a new merge can join the credits again and restore the redirect."""

    def __init__(self) -> None:
        super().__init__("This is the undo of a merge. Merge the two actors again instead.")


def undo_batch(batch: Batch, who: str) -> Batch:
    """Restore every actor of ``batch`` to the state before it, in one transaction, on behalf of ``who``.

    Returns:
        The batch of this undo, which can itself be undone unless ``batch`` is a merge.

    Raises:
        ChangedSinceBatchError: The undo would overwrite later changes.
        CannotUndoUnmergeError: The batch undid a merge.
        NotRestorableError: A state before the batch breaks a constraint.
        ValueError: The batch is undone already.
    """
    with transaction.atomic():
        batch = Batch.objects.select_for_update().get(pk=batch.pk)
        if Batch.objects.filter(undoes=batch).exists():
            raise ValueError("This was already undone.")
        if batch.unmerges:
            raise CannotUndoUnmergeError
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                # Lock the actors, so that they cannot change or get credits between the check and the update.
                cursor.execute(
                    "SELECT count(*) FROM (SELECT 1 FROM actor AS a JOIN actors_change AS c "
                    "ON c.actor_id = a.actor_id WHERE c.batch_id = %s ORDER BY a.actor_id FOR UPDATE OF a) AS locked",
                    [batch.pk],
                )
            _refuse_if_changed(cursor, batch)
            merge = Merge.objects.filter(batch=batch).first()
            if merge and credits_moved_since(merge):
                raise ChangedSinceBatchError([merge.survivor_id])
            undoing = Batch.objects.create(kind="undo", who=who[:150], name=batch.name, undoes=batch)
            with attributed_to(who, "admin", undoing.pk):
                try:
                    with transaction.atomic():
                        undoing.added, undoing.changed, undoing.deleted = _restore_batch(cursor, batch)
                except IntegrityError as error:
                    # A deleted actor has no row to lock: another transaction may have restored it.
                    _refuse_if_changed(cursor, batch)
                    raise NotRestorableError from error
                if merge:
                    undo_merge(merge)
        undoing.save(update_fields=["added", "changed", "deleted"])
    return undoing


def _refuse_if_changed(cursor: CursorWrapper, batch: Batch) -> None:
    cursor.execute(f"SELECT c.actor_id {_CHANGED_SINCE} ORDER BY c.actor_id LIMIT 100", [batch.pk])
    if ids := [pk for (pk,) in cursor.fetchall()]:
        raise ChangedSinceBatchError(ids)


def _restore_batch(cursor: CursorWrapper, batch: Batch) -> tuple[int, int, int]:
    """Restore the states before ``batch``; return how many actors were added, changed and deleted."""
    states = {name: _before_sql(name) for name in TRACKED_FIELDS}
    sets = ", ".join(f"{name} = {state}" for name, state in states.items())
    of_batch = "c.batch_id = %s AND c.kind"
    cursor.execute(
        f"UPDATE actor AS a SET {sets} FROM actors_change AS c WHERE c.actor_id = a.actor_id AND {of_batch} = '~'",
        [batch.pk],
    )
    changed = cursor.rowcount
    cursor.execute(
        f"DELETE FROM actor WHERE actor_id IN (SELECT c.actor_id FROM actors_change AS c WHERE {of_batch} = '+')",
        [batch.pk],
    )
    deleted = cursor.rowcount
    cursor.execute(
        # A new version number, as in restore_actor, so that no open form has the same one.
        f"INSERT INTO actor (actor_id, version, {', '.join(states)}) "
        f"SELECT c.actor_id, c.version + 1, {', '.join(states.values())} "
        f"FROM actors_change AS c WHERE {of_batch} = '-' ORDER BY c.actor_id",
        [batch.pk],
    )
    return cursor.rowcount, changed, deleted


def _before_sql(name: str) -> str:
    """Return the SQL expression for a field's value before a change."""
    if connection.vendor == "postgresql":
        return f"(c.before->>'{name}')::smallint" if name in YEAR_FIELDS else f"coalesce(c.before->>'{name}', '')"
    return f"json_extract(c.before, '$.{name}')"
