"""History of films and their casts: locking and restoring.

Triggers record each change of a film and of a credit (history.sql). A film is
edited together with its cast, so its version token is the id of the last entry
about either.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, TypeVar

from django.db import IntegrityError, connection, models, transaction

from actors.history.errors import EditConflictError, NotRestorableError
from actors.history.merge_redirects import merged_into
from actors.models import Actor, Change, Credit, Film, FilmChange

AnyModel = TypeVar("AnyModel", bound=models.Model)

TRACKED_FILM_FIELDS = ("title", "original_title", "year")


def last_change_id(film_id: int) -> int:
    """Return the version token of a film: the id of the last entry about it or its cast, or 0."""
    return FilmChange.objects.filter(film_id=film_id).values_list("pk", flat=True).first() or 0


def lock_film(film_id: int, seen: int) -> Film:
    """Lock the film until the transaction ends, and return it.

    Inserting a credit waits for the lock too, because of the foreign key.

    Args:
        film_id: The id of the film.
        seen: The id of the last entry that the editor saw.

    Raises:
        EditConflictError: The history has later entries, or the film does not exist.
    """
    film = Film.objects.select_for_update().filter(pk=film_id).first()
    if film is None or last_change_id(film_id) != seen:
        raise EditConflictError(film)
    return film


def undelete(rows: models.Manager[AnyModel], pk: int, **state: Any) -> AnyModel:
    """Create a deleted actor or film again in ``rows`` under its id ``pk``, and return it. Call it in a transaction.

    Raises:
        EditConflictError: Another user has already created it again. (A row that does not exist cannot be locked.)
        NotRestorableError: The state breaks a constraint.
    """
    try:
        with transaction.atomic():
            return rows.create(pk=pk, **state)
    except IntegrityError as error:
        if now := rows.filter(pk=pk).first():
            raise EditConflictError(now) from None
        raise NotRestorableError from error


def save_state(obj: models.Model, state: dict[str, Any]) -> None:
    """Save the values ``state`` in the actor or film ``obj``. Call it in a transaction.

    Raises:
        NotRestorableError: The state breaks a constraint.
    """
    for name, value in state.items():
        setattr(obj, name, value)
    try:
        with transaction.atomic():
            obj.save(update_fields=state.keys())
    except IntegrityError as error:
        raise NotRestorableError from error


def restore_film(change: FilmChange, side: str, seen: int) -> tuple[Film, int]:
    """Restore the state of a film or credit before or after ``change``. Call it in a transaction.

    A deleted film or credit is created again under its old id; a film also gets
    the credits that were deleted with it.

    Args:
        change: The history entry to restore from.
        side: "before" or "after".
        seen: The id of the last entry that the editor saw.

    Returns:
        The film, and the number of its credits that could not be restored.

    Raises:
        EditConflictError: There are later entries about the film or its cast.
        NotRestorableError: The state breaks a constraint, the film or actor of the credit is deleted, or the film has
            the same credit already.
    """
    state = getattr(change, side)
    film = Film.objects.select_for_update().filter(pk=change.film_id).first()
    if last_change_id(change.film_id) != seen:
        raise EditConflictError(film)
    lost = 0
    if change.credit_id is not None:
        film = _restore_credit(change.credit_id, state, film)
    elif film is None:
        film = undelete(Film.objects, change.film_id, **state)
        deletion = FilmChange.objects.filter(film_id=film.pk, credit_id=None, kind="-").first()
        lost = _restore_credits(deletion, film_id=film.pk)
    else:
        save_state(film, {name: state[name] for name in TRACKED_FILM_FIELDS})
    return film, lost


def _restore_credit(pk: int, state: dict[str, Any], film: Film | None) -> Film:
    """Restore a credit of ``film``, and return the film. Raises NotRestorableError."""
    (part,) = _follow_merges([state])
    same = {name: part[name] for name in ("actor_id", "film_id", "character")}
    if film is None or not Actor.objects.filter(pk=part["actor_id"]).exists():
        raise NotRestorableError
    if Credit.objects.exclude(pk=pk).filter(**same).exists():
        raise NotRestorableError
    Credit.objects.update_or_create(pk=pk, defaults=part)
    return film


def restore_credits_of_actor(actor_id: int, deletion: Change) -> int:
    """Restore the credits deleted with the actor. Return how many could not be restored: their films are deleted."""
    return _restore_credits(deletion, actor_id=actor_id)


def _restore_credits(deletion: Change | FilmChange | None, **of: int) -> int:
    """Restore the credits ``of`` a film or an actor that were deleted in the transaction of ``deletion``.

    Return how many could not be restored.
    """
    if deletion is None:
        return 0
    gone = FilmChange.objects.filter(kind="-", credit_id__isnull=False, who=deletion.who, **of)
    if connection.vendor == "postgresql":
        gone = gone.filter(at=deletion.at)  # when the transaction began
    else:
        gone = gone.filter(at__gte=deletion.at - timedelta(seconds=2), at__lte=deletion.at)
    states = dict(gone.values_list("credit_id", "before"))
    return undelete_credits({"id": pk, **(state or {})} for pk, state in states.items())


def undelete_credits(parts: Iterable[dict[str, Any]]) -> int:
    """Restore deleted credits, each a dict of its columns. Return how many could not be restored.

    A credit cannot be restored if its film or actor is deleted. Credits of a merged
    actor go to the surviving one; if both have the same credit, it is stored once.
    """
    parts = _follow_merges(parts)
    # Lock the actors and films, so that they cannot be deleted before the credits are inserted.
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


def _follow_merges(parts: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return ``parts`` with each merged actor replaced by the surviving one.

    The changed parts come last, so that the survivor's own credits are inserted first.
    """
    parts = list(parts)
    gone = {part["actor_id"] for part in parts}
    gone -= set(Actor.objects.filter(pk__in=gone).values_list("pk", flat=True))
    now = {pk: survivor.pk for pk in gone if (survivor := merged_into(pk))}
    parts.sort(key=lambda part: part["actor_id"] in now)
    return [{**part, "actor_id": now.get(part["actor_id"], part["actor_id"])} for part in parts]
