"""Lookup of the actor that a merged actor redirects to."""

from actors.models import Actor, Merge

# SQL, because Django takes several times as long to build this statement as PostgreSQL takes to run it. It does not
# select "*": an adopted table may have more columns, which raw() would set as attributes.
_ACTOR = """
    SELECT actor_id, first_name, last_name, last_update, native_name, birth_year, death_year, country, biography,
        version, sort_last, sort_first, search, also_known_as
    FROM actor WHERE actor_id = %s
"""
# Limit for the loop. No real chain of merges is this long.
MAX_MERGE_CHAIN = 100


def current_actor(pk: int) -> Actor | None:
    """Return the actor with the id ``pk``, or the one that it was merged into, or None if there is neither."""
    return next(iter(Actor.objects.raw(_ACTOR, [pk])), None) or merged_into(pk)


def merged_into(pk: int) -> Actor | None:
    """Return the actor that the actor ``pk`` was merged into, through any number of merges, or None."""
    for _ in range(MAX_MERGE_CHAIN):
        found = Merge.objects.filter(gone_id=pk).order_by("-id").values_list("survivor_id", flat=True).first()
        if found is None:
            return None
        pk = found
        if actor := Actor.objects.filter(pk=pk).first():
            return actor
    return None
