"""History of actors: locking, comparing and restoring their states."""

from collections.abc import Iterable
from typing import Any, overload

from django.db import models
from django.db.models import Max

from actors.history.errors import EditConflictError
from actors.history.films import restore_credits_of_actor, save_state, undelete
from actors.models import Actor, Change, FilmChange

TRACKED_FIELDS = (
    "first_name",
    "last_name",
    "native_name",
    "birth_year",
    "death_year",
    "country",
    "biography",
    "also_known_as",
)


def last_changes(kind: str, pks: Iterable[int]) -> dict[int, Change | FilmChange]:
    """Return {id: last history entry} of actors, or of films and their casts.

    Args:
        kind: "actor" or "film".
        pks: The ids of the actors or films.
    """
    model: type[Change] | type[FilmChange] = Change if kind == "actor" else FilmChange
    column = f"{kind}_id"
    last = model._default_manager.filter(**{f"{column}__in": pks}).order_by().values(column).annotate(last=Max("id"))
    return {getattr(change, column): change for change in model._default_manager.filter(pk__in=last.values("last"))}


@overload
def lock_actor(actors: models.Manager[Actor], pk: int, seen: int) -> Actor: ...
@overload
def lock_actor(actors: models.Manager[Actor], pk: int, seen: int | None) -> Actor | None: ...
def lock_actor(actors: models.Manager[Actor], pk: int, seen: int | None) -> Actor | None:
    """Lock the actor ``pk`` until the transaction ends, and return it.

    Args:
        actors: The manager to query.
        pk: The id of the actor.
        seen: The version number that the editor saw; None if the actor was deleted.

    Returns:
        The actor; None if ``seen`` is None.

    Raises:
        EditConflictError: The actor does not have that version.
    """
    actor = actors.select_for_update().filter(pk=pk).first()
    if (actor.version if actor else None) != seen:
        raise EditConflictError(actor)
    return actor


def restore_actor(actors: models.Manager[Actor], change: Change, side: str, seen: int | None) -> tuple[Actor, int]:
    """Restore the state of an actor before or after ``change``. Call it in a transaction.

    A deleted actor is created again under its old id, with a new version number
    and the credits that were deleted with it.

    Args:
        actors: The manager to query.
        change: The history entry to restore from.
        side: "before" or "after".
        seen: The version number that the editor saw; None if the actor was deleted.

    Returns:
        The actor, and the number of its credits that could not be restored because their films are deleted.

    Raises:
        EditConflictError: The actor does not have the version ``seen``.
        NotRestorableError: The state breaks a constraint.
        ValueError: There was no actor on that side.
    """
    state = getattr(change, side)
    if state is None:
        raise ValueError("The actor did not exist at this version.")
    actor = lock_actor(actors, change.actor_id, seen)
    if actor is None:
        # There is always an entry: ``change`` is one.
        last = Change.objects.filter(actor_id=change.actor_id).order_by("-pk")[0]
        actor = undelete(actors, change.actor_id, version=last.version + 1, **state)
        return actor, restore_credits_of_actor(actor.pk, last)
    # Leave fields unchanged that the entry lacks, because they were added to the model later.
    save_state(actor, {name: state[name] for name in TRACKED_FIELDS if name in state})
    return actor, 0


def changed_fields(before: dict[str, Any] | None, after: dict[str, Any] | None) -> list[tuple[str, Any, Any]]:
    """Return (field, old, new) for each field in which two states differ. A state is None if there was no actor."""
    before, after = before or {}, after or {}
    pairs = ((name, before.get(name), after.get(name)) for name in TRACKED_FIELDS)
    return [(name, old, new) for name, old, new in pairs if (old or None) != (new or None)]
