"""Films with their casts, as editors change them: what was, and the way back.

The database writes down each write of a film and of a credit
(history.sql). A film is edited together with its cast, so the number of the last
entry about either is what an editor has seen of it.
"""

from datetime import timedelta

from django.db import IntegrityError, connection, transaction

from actors.history.errors import EditConflict, NotRestorable
from actors.history.merge_redirects import merged_into
from actors.models import Actor, Credit, Film, FilmChange

TRACKED_FILM_FIELDS = ("title", "original_title", "year")


def last_change_id(film_id) -> int:
    """Return the number of the last entry about a film or its cast, 0 where there is none."""
    return FilmChange.objects.filter(film_id=film_id).values_list("pk", flat=True).first() or 0


def lock_film(film_id, seen):
    """Return the film, locked until the transaction ends, of which ``seen`` is the last entry that an editor saw.

    Who adds a credit elsewhere waits for the lock too: its key to the film
    asks for one. Raises EditConflict where there are later entries, or no film.
    """
    film = Film.objects.select_for_update().filter(pk=film_id).first()
    if film is None or last_change_id(film_id) != seen:
        raise EditConflict(film)
    return film


def undelete(rows, pk, **state):
    """Put a deleted actor or film back among ``rows`` under its id ``pk``, and return it. Call it in a transaction.

    Raises EditConflict where another did so meanwhile: what is not there cannot
    be locked, so that both have seen nothing.
    """
    try:
        with transaction.atomic():
            return rows.create(pk=pk, **state)
    except IntegrityError:
        if now := rows.filter(pk=pk).first():
            raise EditConflict(now) from None
        raise


def restore_film(change, side, seen):
    """Give the film or credit of ``change`` the state on that ``side`` of it, "before" or "after".

    A deleted one comes back under its id, and a film with the credits that
    were deleted with it. Returns the film, and how many of those have no place
    any more. Call it in a transaction. Raises NotRestorable, and EditConflict where
    ``seen`` is not the last entry about the film or its cast.
    """
    state = getattr(change, side)
    film = Film.objects.select_for_update().filter(pk=change.film_id).first()
    if last_change_id(change.film_id) != seen:
        raise EditConflict(film)
    lost = 0
    if change.credit_id is not None:
        _restore_credit(change.credit_id, state, film)
    elif film is None:
        film = undelete(Film.objects, change.film_id, **state)
        deletion = type(change).objects.filter(film_id=film.pk, credit_id=None, kind="-").first()
        lost = _restore_credits(deletion, film_id=film.pk)
    else:
        for name in TRACKED_FILM_FIELDS:
            setattr(film, name, state[name])
        film.save(update_fields=TRACKED_FILM_FIELDS)
    return film, lost


def _restore_credit(pk, state, film):
    (part,) = _follow_merges([state])
    same = {name: part[name] for name in ("actor_id", "film_id", "character")}
    if film is None or not Actor.objects.filter(pk=part["actor_id"]).exists():
        raise NotRestorable
    if Credit.objects.exclude(pk=pk).filter(**same).exists():
        raise NotRestorable
    Credit.objects.update_or_create(pk=pk, defaults=part)


def restore_credits_of_actor(actor_id, deletion) -> int:
    """Bring back the credits that went with the actor's ``deletion``; return how many have no film any more."""
    return _restore_credits(deletion, actor_id=actor_id)


def _restore_credits(deletion, **of):
    """Bring back the credits ``of`` a film or an actor that were deleted in the transaction of ``deletion``."""
    if deletion is None:
        return 0
    gone = FilmChange.objects.filter(kind="-", credit_id__isnull=False, who=deletion.who, **of)
    if connection.vendor == "postgresql":
        gone = gone.filter(at=deletion.at)  # when the transaction began
    else:
        gone = gone.filter(at__gte=deletion.at - timedelta(seconds=2), at__lte=deletion.at)
    states = dict(gone.values_list("credit_id", "before"))
    return undelete_credits({"id": pk, **state} for pk, state in states.items())


def undelete_credits(parts) -> int:
    """Bring back the deleted credits ``parts``, each as {column: value}; return how many have no place any more.

    Those are the parts whose film is gone, or whose actor. An actor who was
    merged is the one who stayed, and of a part that both had, has one.
    """
    parts = _follow_merges(parts)
    # Locked, so that nobody deletes them before the credits are there.
    there = {
        column: set(
            model.objects.select_for_update()
            .filter(pk__in={part[column] for part in parts})
            .order_by("pk")
            .values_list("pk", flat=True)
        )
        for column, model in (("actor_id", Actor), ("film_id", Film))
    }
    credits = [Credit(**part) for part in parts if all(part[column] in there[column] for column in there)]
    Credit.objects.bulk_create(credits, ignore_conflicts=True)
    return len(parts) - len(credits)


def _follow_merges(parts):
    """Return the ``parts`` with the actors who were merged as who they are now, behind those of the others."""
    parts = list(parts)
    gone = {part["actor_id"] for part in parts}
    gone -= set(Actor.objects.filter(pk__in=gone).values_list("pk", flat=True))
    now = {pk: survivor.pk for pk in gone if (survivor := merged_into(pk))}
    parts.sort(key=lambda part: part["actor_id"] in now)
    return [{**part, "actor_id": now.get(part["actor_id"], part["actor_id"])} for part in parts]
