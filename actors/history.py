"""Who changed what in an actor, when, and from where.

The database itself writes the history down (history.sql), one entry for
each row that a statement changes, so that no way of writing can pass it by.
Django only tells the database on whose behalf it writes.
"""

from contextlib import contextmanager
from contextvars import ContextVar
from difflib import SequenceMatcher
from itertools import takewhile

from django.apps import apps
from django.db import connection, transaction
from django.db.backends.signals import connection_created

from actors import filmography

FIELDS = (
    "first_name",
    "last_name",
    "native_name",
    "birth_year",
    "death_year",
    "country",
    "biography",
    "also_known_as",
)

# Words of one text by words of another: to compare them takes so many steps, for each of a hundred entries of a page.
MOST_COMPARED = 250_000

# What Django writes without saying more comes from a command: pages always say more.
_behalf = ContextVar("actors.history", default=("", "command", None))


@contextmanager
def by(who: str, origin: str, batch: int | None = None):
    """Do what stands in the block as ``who`` from ``origin`` (admin, import, command), in one transaction.

    ``batch`` is the id of the Batch that it belongs to, where it is undone as one.
    """
    before = _behalf.get()
    # First the connection: one that is opened here is told for good on whose behalf it is, and that is nobody's yet.
    with transaction.atomic():
        token = _behalf.set((who, origin, batch))
        try:
            _tell(connection, who, origin, batch, local=True)
            yield
            _tell(connection, *before, local=True)
        finally:
            _behalf.reset(token)


def _tell(connection, who, origin, batch, *, local):
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('actors.who', %s, %s), set_config('actors.origin', %s, %s), "
                "set_config('actors.batch', %s, %s)",
                [who, local, origin, local, str(batch or ""), local],
            )


def _introduce(sender, connection, **kwargs):
    """Tell a new connection that Django is behind it; SQLite asks at every write."""
    if connection.vendor == "sqlite":
        connection.connection.create_function("actor_who", 0, lambda: _behalf.get()[0])
        connection.connection.create_function("actor_origin", 0, lambda: _behalf.get()[1])
        connection.connection.create_function("actor_batch", 0, lambda: _behalf.get()[2])
    else:
        _tell(connection, *_behalf.get(), local=False)


connection_created.connect(_introduce, dispatch_uid="actors.history")


Overtaken = filmography.Overtaken


def entries(kind, pks):
    """Return the history of the actors, or of the films with their casts, that have the ids ``pks``."""
    model = apps.get_model("actors", {"actor": "Change", "film": "FilmChange"}[kind])
    return model.objects.filter(**{f"{kind}_id__in": pks})


def lock(actors, pk, seen):
    """Return the actor ``pk`` of ``actors``, locked until the transaction ends, at the version ``seen``.

    ``seen`` None means that the editor saw no actor; then None is returned.
    Raises Overtaken where that is not so.
    """
    actor = actors.select_for_update().filter(pk=pk).first()
    if (actor.version if actor else None) != seen:
        raise Overtaken(actor)
    return actor


def restore(actors, change, side, seen):
    """Give the actor of ``change`` the state that it had on that ``side`` of it: "before" or "after".

    A deleted actor comes back under its id, with a version that no one has
    seen, and with the credits that went with it. Returns the actor, and how
    many of those have no film any more. Call it in a transaction. Raises
    Overtaken where the actor is not at the version ``seen``, and ValueError
    where there was none on that side.
    """
    state = getattr(change, side)
    if state is None:
        raise ValueError("There was no actor then.")
    actor = lock(actors, change.actor_id, seen)
    if actor is None:
        last = type(change).objects.filter(actor_id=change.actor_id).order_by("pk").last()
        actor = filmography.bring_back(actors, change.actor_id, version=last.version + 1, **state)
        return actor, filmography.restore_credits_of_actor(actor.pk, last)
    # What the state does not know of, from before there was such a field, stays as it is.
    known = [name for name in FIELDS if name in state]
    for name in known:
        setattr(actor, name, state[name])
    actor.save(update_fields=known)
    return actor, 0


def differences(before, after):
    """Return (field, old, new) for every field in which two states differ; None is a state without an actor."""
    before, after = before or {}, after or {}
    pairs = ((name, before.get(name), after.get(name)) for name in FIELDS)
    return [(name, old, new) for name, old, new in pairs if (old or None) != (new or None)]


def word_diff(old, new):
    """Return ("same" | "gone" | "come", text) pieces that lead from one text to the other, word by word.

    Where the words from the first that differs to the last are too many to be compared, they are one piece each.
    """
    old, new = str(old or "").split(" "), str(new or "").split(" ")
    start = _alike(old, new)
    end = _alike(reversed(old[start:]), reversed(new[start:]))
    between, instead = old[start : len(old) - end], new[start : len(new) - end]
    pieces = [("same", old[:start])]
    if len(between) * len(instead) > MOST_COMPARED or set(between).isdisjoint(instead):
        pieces += [("gone", between), ("come", instead)]
    else:
        for kind, i1, i2, j1, j2 in SequenceMatcher(None, between, instead, autojunk=False).get_opcodes():
            if kind == "equal":
                pieces.append(("same", between[i1:i2]))
            else:
                pieces += [("gone", between[i1:i2]), ("come", instead[j1:j2])]
    pieces.append(("same", old[len(old) - end :]))
    return [(kind, text) for kind, words in pieces if (text := " ".join(words))]


def _alike(some, others):
    """Return how many words at the beginning are the same."""
    return sum(1 for _pair in takewhile(lambda pair: pair[0] == pair[1], zip(some, others, strict=False)))
