"""The rows that pages show, as named tuples: model instances cost five times as much."""

from typing import NamedTuple

from django.db import connection

from actors.exports import records
from actors.models import Actor, Film

# The columns that lists show.
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


# SQL, because crawlers request the pages of actors and films most, and Django takes several times as long to build
# these two statements as PostgreSQL takes to run them.
_FILMS_OF_ACTOR = """
    SELECT film.id, film.title, film.original_title, film.year, credit.character, credit.billing
    FROM actors_credit AS credit JOIN actors_film AS film ON film.id = credit.film_id
    WHERE credit.actor_id = %s
    ORDER BY film.year DESC NULLS LAST, film.sort_title, credit.id
"""
_CAST_OF_FILM = """
    SELECT actor.actor_id, actor.first_name, actor.last_name, actor.native_name, actor.country, credit.character
    FROM actors_credit AS credit JOIN actor ON actor.actor_id = credit.actor_id
    WHERE credit.film_id = %s
    ORDER BY credit.billing ASC NULLS LAST, credit.id
"""


def film_credits(actor: Actor) -> list[FilmCredit]:
    """Return the films that ``actor`` is in, newest first; films without a year last."""
    with connection.cursor() as cursor:
        cursor.execute(_FILMS_OF_ACTOR, [actor.id])
        return [FilmCredit(*row) for row in cursor]


def cast_credits(film: Film) -> list[CastCredit]:
    """Return the actors who are in ``film``, in order of billing; actors without billing last."""
    with connection.cursor() as cursor:
        cursor.execute(_CAST_OF_FILM, [film.id])
        return [CastCredit(*row) for row in cursor]
