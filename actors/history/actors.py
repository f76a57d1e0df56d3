"""The history of actors: locking, comparing and restoring their states."""

from django.apps import apps

from actors.history.errors import EditConflict
from actors.history.films import restore_credits_of_actor, undelete

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


def changes_of(kind, pks):
    """Return the history of the actors, or of the films with their casts, that have the ids ``pks``."""
    model = apps.get_model("actors", {"actor": "Change", "film": "FilmChange"}[kind])
    return model.objects.filter(**{f"{kind}_id__in": pks})


def lock_actor(actors, pk, seen):
    """Return the actor ``pk`` of ``actors``, locked until the transaction ends, at the version ``seen``.

    ``seen`` None means that the editor saw no actor; then None is returned.
    Raises EditConflict where that is not so.
    """
    actor = actors.select_for_update().filter(pk=pk).first()
    if (actor.version if actor else None) != seen:
        raise EditConflict(actor)
    return actor


def restore_actor(actors, change, side, seen):
    """Give the actor of ``change`` the state that it had on that ``side`` of it: "before" or "after".

    A deleted actor comes back under its id, with a version that no one has
    seen, and with the credits that went with it. Returns the actor, and how
    many of those have no film any more. Call it in a transaction. Raises
    EditConflict where the actor is not at the version ``seen``, and ValueError
    where there was none on that side.
    """
    state = getattr(change, side)
    if state is None:
        raise ValueError("There was no actor then.")
    actor = lock_actor(actors, change.actor_id, seen)
    if actor is None:
        last = type(change).objects.filter(actor_id=change.actor_id).order_by("pk").last()
        actor = undelete(actors, change.actor_id, version=last.version + 1, **state)
        return actor, restore_credits_of_actor(actor.pk, last)
    # What the state does not know of, from before there was such a field, stays as it is.
    known = [name for name in TRACKED_FIELDS if name in state]
    for name in known:
        setattr(actor, name, state[name])
    actor.save(update_fields=known)
    return actor, 0


def changed_fields(before, after):
    """Return (field, old, new) for every field in which two states differ; None is a state without an actor."""
    before, after = before or {}, after or {}
    pairs = ((name, before.get(name), after.get(name)) for name in TRACKED_FIELDS)
    return [(name, old, new) for name, old, new in pairs if (old or None) != (new or None)]
