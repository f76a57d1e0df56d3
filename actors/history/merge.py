"""Merging two actors who are the same person, and undoing a merge."""

from typing import Any

from django.db import transaction

from actors.fields import SEPARATOR, split_names
from actors.history.actors import TRACKED_FIELDS, lock_actor
from actors.history.attribution import attributed_to
from actors.history.films import undelete_credits
from actors.models import Actor, Batch, Credit, Merge
from actors.text.normalize import fold

KEEP_BOTH = "both"
CREDIT_COLUMNS = ("id", "film_id", "character", "billing")


def merge_actors(survivor: tuple[int, int], gone: tuple[int, int], values: dict[str, Any], who: str) -> Batch:
    """Merge the actor ``gone`` into ``survivor``, in one transaction.

    The survivor gets the credits of both; a credit that both have is kept once.

    Args:
        survivor: The id of the actor to keep, and the version number that the editor saw.
        gone: The same for the actor to delete.
        values: The values of the survivor's fields.
        who: The name of the user.

    Raises:
        EditConflictError: One of the two was changed since the editor loaded it.
        ValidationError: The survivor would be invalid with ``values``.
        ValueError: Both are the same actor.
    """
    if survivor[0] == gone[0]:
        raise ValueError("An actor cannot be merged with itself.")
    with transaction.atomic():
        # Lock in the order of the ids, so that two merges cannot deadlock.
        locked = {pk: lock_actor(Actor.objects, pk, seen) for pk, seen in sorted([survivor, gone])}
        kept, lost = locked[survivor[0]], locked[gone[0]]
        name = f"{lost} (#{lost.pk}) → {kept} (#{kept.pk})"
        batch = Batch.objects.create(kind="merge", who=who[:150], name=name[:255], changed=1, deleted=1)
        with attributed_to(who, "admin", batch.pk):
            for field, value in values.items():
                setattr(kept, field, value)
            kept.full_clean()
            kept.save(update_fields=TRACKED_FIELDS)
            has = set(kept.credits.values_list("film_id", "character"))
            moved: list[dict[str, Any]] = []
            dropped: list[dict[str, Any]] = []
            for credit in lost.credits.order_by("id").values(*CREDIT_COLUMNS):
                (dropped if (credit["film_id"], credit["character"]) in has else moved).append(credit)
            Credit.objects.filter(pk__in=[credit["id"] for credit in moved]).update(actor=kept)
            Merge.objects.create(
                batch=batch,
                gone_id=lost.pk,
                survivor_id=kept.pk,
                moved=[credit["id"] for credit in moved],
                dropped=dropped,
            )
            lost.delete()
    return batch


def combined_other_names(one: Actor, other: Actor, values: dict[str, Any]) -> str:
    """Return the names of both actors that are not among ``values``, in the format of ``also_known_as``."""
    named = Actor(**{name: values[name] for name in ("first_name", "last_name", "native_name")})
    names = [name for actor in (one, other) for name in split_names(actor.also_known_as)]
    for actor in (one, other):
        names += [f"{actor.first_name} {actor.last_name}".strip(), actor.native_name]
    # Keep the first of several spellings that fold to the same text.
    kept: dict[str, str | None] = {fold(str(named)): None, fold(named.native_name): None, "": None}
    for name in names:
        kept.setdefault(fold(name), name)
    return SEPARATOR.join(filter(None, kept.values()))


def credits_moved_since(merge: Merge) -> bool:
    """Return whether the survivor has lost any of the credits that the merge moved."""
    return Credit.objects.filter(pk__in=merge.moved, actor_id=merge.survivor_id).count() != len(merge.moved)


def undo_merge(merge: Merge) -> None:
    """Give the restored actor its credits back if their films exist. Call it in the transaction of ``undo_batch``."""
    Credit.objects.filter(pk__in=merge.moved).update(actor_id=merge.gone_id)
    undelete_credits({**part, "actor_id": merge.gone_id} for part in merge.dropped)
    merge.delete()
