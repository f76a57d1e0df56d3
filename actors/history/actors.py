"""The history of actors: locking, comparing and restoring their states."""

from collections.abc import Iterable
from typing import Any, overload

from django.apps import apps
from django.db import models

from actors.history.errors import EditConflict
from actors.history.films import restore_credits_of_actor, undelete
from actors.models import Actor, Change

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


def changes_of(kind: str, pks: Iterable[int]) -> models.QuerySet[Any]:
    """Return the history of the actors with the ids ``pks``, or of such films and their casts.

    ``kind`` is "actor" or "film".
    """
    model = apps.get_model("actors", {"actor": "Change", "film": "FilmChange"}[kind])
    return model._default_manager.filter(**{f"{kind}_id__in": pks})


@overload
def lock_actor(actors: models.Manager[Actor], pk: int, seen: int) -> Actor: ...
@overload
def lock_actor(actors: models.Manager[Actor], pk: int, seen: int | None) -> Actor | None: ...
def lock_actor(actors: models.Manager[Actor], pk: int, seen: int | None) -> Actor | None:
    """Lock the actor ``pk`` until the transaction ends, and return it.

    Args:
        actors: The actors to look in.
        pk: The id of the actor.
        seen: The version that the editor saw; None if there was no actor.

    Returns:
        The actor; None if ``seen`` is None.

    Raises:
        EditConflict: The actor does not have that version.
    """
    actor = actors.select_for_update().filter(pk=pk).first()
    if (actor.version if actor else None) != seen:
        raise EditConflict(actor)
    return actor


def restore_actor(actors: models.Manager[Actor], change: Change, side: str, seen: int | None) -> tuple[Actor, int]:
    """Restore the state of an actor before or after ``change``. Call it in a transaction.

    A deleted actor gets its id back, a new version, and the credits that were
    deleted with it.

    Args:
        actors: The actors to look in.
        change: The history entry to restore from.
        side: "before" or "after".
        seen: The version that the editor saw; None if the actor was deleted.

    Returns:
        The actor, and the number of its credits whose film no longer exists.

    Raises:
        EditConflict: The actor does not have the version ``seen``.
        ValueError: There was no actor on that side.
    """
    state = getattr(change, side)
    if state is None:
        raise ValueError("There was no actor then.")
    actor = lock_actor(actors, change.actor_id, seen)
    if actor is None:
        # At least ``change`` itself is there.
        last = Change.objects.filter(actor_id=change.actor_id).order_by("-pk")[0]
        actor = undelete(actors, change.actor_id, version=last.version + 1, **state)
        return actor, restore_credits_of_actor(actor.pk, last)
    # Fields that were added after this entry are not in its state, and stay as they are.
    known = [name for name in TRACKED_FIELDS if name in state]
    for name in known:
        setattr(actor, name, state[name])
    actor.save(update_fields=known)
    return actor, 0


def changed_fields(before: dict[str, Any] | None, after: dict[str, Any] | None) -> list[tuple[str, Any, Any]]:
    """Return (field, old, new) for every field in which two states differ; None stands for no actor."""
    before, after = before or {}, after or {}
    pairs = ((name, before.get(name), after.get(name)) for name in TRACKED_FIELDS)
    return [(name, old, new) for name, old, new in pairs if (old or None) != (new or None)]
