"""Serialization of actors, films and pages of lists as objects for JSON."""

from collections.abc import Iterable

from actors.exports import records
from actors.listing.params import ListParams, number_of
from actors.listing.rows import film_credits
from actors.models import Actor, Film
from actors.text.slugs import actor_url, film_url
from actors.web.origin import site_origin


def serialize_actor(actor, origin: str) -> dict:
    """Return ``actor``, an Actor or a row, as an object for JSON. ``origin`` is the scheme and host of its URL."""
    record = records.to_record(records.actor_values(actor))
    record["url"] = origin + actor_url(actor)
    return record


def serialize_film(film, origin: str) -> dict:
    """Return ``film``, a Film or a row, as an object for JSON. ``origin`` is the scheme and host of its URL."""
    record = records.to_record((getattr(film, name) for name in records.FILM_FIELDS), records.FILM_FIELDS)
    record["url"] = origin + film_url(film)
    return record


def serialize_credit(credit) -> dict:
    """Return the fields of a credit as a dict."""
    return {name: getattr(credit, name) for name in records.CREDIT_FIELDS}


def serialize_filmography(actor: Actor, origin: str) -> list[dict]:
    """Return the films that ``actor`` is in, newest first, each with the character and billing."""
    return [{**serialize_film(credit, origin), **serialize_credit(credit)} for credit in film_credits(actor)]


def serialize_cast(film: Film, origin: str) -> list[dict]:
    """Return the actors in ``film``, in order of billing, each with the character and billing."""
    return [
        {**serialize_actor(credit.actor, origin), **serialize_credit(credit)}
        for credit in film.credits.select_related("actor")
    ]


def serialize_page(request, listing: ListParams) -> tuple[Iterable, dict]:
    """Return the rows of the page of ``listing``, and the other members of the page's JSON object."""
    page = listing.page(data=True)
    number, more = number_of(request, listing, page)
    here = site_origin(request) + request.path
    rows = page.rows if page else []
    return rows, {
        # Null, because larger totals are not counted.
        "total": None if more else number,
        "next": _page_url(here, listing, after=page and page.next),
        "previous": _page_url(here, listing, before=page and page.previous),
        "suggestions": listing.suggestions() if not rows else [],
    }


def _page_url(here, listing, **cursor):
    return here + listing.change(**cursor).query_string if all(cursor.values()) else None
