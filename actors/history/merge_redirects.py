"""Who an actor is now, who was merged with another."""

from actors.models import Actor, Merge

# Nobody is merged more often in a row.
MAX_MERGE_CHAIN = 100


def current_actor(pk: int) -> Actor | None:
    """Return the actor of the id ``pk``, or who that actor was merged into; None where there is neither."""
    try:
        return Actor.objects.get(pk=pk)
    except Actor.DoesNotExist:
        return merged_into(pk)


def merged_into(pk: int) -> Actor | None:
    """Return the actor who the one of the id ``pk`` is now, through any number of merges; None where there is none."""
    for _ in range(MAX_MERGE_CHAIN):
        found = Merge.objects.filter(gone_id=pk).order_by("-id").values_list("survivor_id", flat=True).first()
        if found is None:
            return None
        pk = found
        if actor := Actor.objects.filter(pk=pk).first():
            return actor
    return None
