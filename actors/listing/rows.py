"""The rows that pages show. They are named tuples: an instance of a model costs five times as much."""

from typing import NamedTuple

from django.db.models import F

from actors.exports import records
from actors.models import Actor, Credit, Film

# What a list shows of an actor and of a film.
ACTOR_ROW_FIELDS = (
    *("id", "first_name", "last_name", "native_name", "birth_year", "death_year", "country", "also_known_as"),
)
FILM_ROW_FIELDS = records.FILM_FIELDS


class FilmCredit(NamedTuple):
    """A film that an actor is in."""

    id: int
    title: str
    original_title: str
    year: int | None
    character: str
    billing: int | None


class CastCredit(NamedTuple):
    """An actor who is in a film."""

    id: int
    first_name: str
    last_name: str
    native_name: str
    country: str
    character: str


def film_credits(actor: Actor) -> list[FilmCredit]:
    """Return the films that ``actor`` is in, the newest first; those of no known year last."""
    # From the films: their own columns are sorted by at half the cost of a relation's.
    films = Film.objects.filter(credits__actor=actor.id)
    films = films.order_by(F("year").desc(nulls_last=True), "sort_title", F("credits__id").asc())
    return list(map(FilmCredit._make, films.values_list(*FILM_ROW_FIELDS, "credits__character", "credits__billing")))


def cast_credits(film: Film) -> list[CastCredit]:
    """Return the actors who are in ``film``, in order of billing."""
    names = ("actor_id", "actor__first_name", "actor__last_name", "actor__native_name", "actor__country")
    return list(map(CastCredit._make, Credit.objects.filter(film_id=film.id).values_list(*names, "character")))
