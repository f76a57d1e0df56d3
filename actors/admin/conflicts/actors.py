"""Optimistic locking for actors."""

from django.utils.translation import gettext_lazy

from actors.admin.conflicts.field_conflicts import as_stored, conflicting_fields, describe_row, resolve_fields
from actors.admin.conflicts.optimistic_locking import OptimisticLockingMixin
from actors.history.actors import TRACKED_FIELDS, lock_actor
from actors.models import Actor, Change


def actor_state(actor):
    """Return {field: value} of the actor's tracked fields, as in the history."""
    return {name: getattr(actor, name) for name in TRACKED_FIELDS}


def actor_state_at(changes, seen):
    """Return the actor's state at the version ``seen``, or None if its ``changes`` do not reach back that far."""
    if seen is None:
        return None
    if after := changes.filter(version=seen, after__isnull=False).first():
        return after.after
    before = changes.filter(version=seen + 1, before__isnull=False).first()
    return before.before if before else None


class ActorConflictMixin(OptimisticLockingMixin):
    """Optimistic locking for the ModelAdmin of actors. The version token of an actor is its version number."""

    deleted_meanwhile = gettext_lazy("The actor was deleted while you were editing")

    def version_tokens(self, objects):
        """Return {actor id: version}."""
        return {actor.pk: actor.version for actor in objects}

    def lock_at(self, pk, seen):
        """Lock the actor. Raises EditConflictError unless its version is ``seen``."""
        lock_actor(Actor.objects, pk, seen)

    def resolved(self, data, pk, side=""):
        """Return the form data with the chosen side of each field."""
        return resolve_fields(data, TRACKED_FIELDS, side)

    def describe_conflict(self, request, pk, now, seen):
        """Return the context of the conflict page: the rows to choose from, and the changes since ``seen``."""
        changes = Change.objects.filter(actor_id=pk)
        base = actor_state_at(changes, seen)
        since = list(changes.filter(version__gt=seen)[:20] if seen else changes[:5])
        if now is None:
            since = list(changes[:1])
        base, theirs, mine = (
            as_stored(Actor, side, TRACKED_FIELDS) for side in (base, actor_state(now) if now else None, request.POST)
        )
        rows = conflicting_fields(base, theirs, mine)
        differ = {row["name"] for row in rows}
        return {
            "rows": [
                describe_row(
                    row,
                    Actor._meta.get_field(row["name"]),
                    next((change for change in since if row["name"] in change.fields.split()), None),
                )
                for row in rows
            ],
            "same": [(name, mine[name]) for name in TRACKED_FIELDS if name not in differ],
            "since": since,
            "base_known": base is not None,
            "mark": now.version if now else "",
        }
