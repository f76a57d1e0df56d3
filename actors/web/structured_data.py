"""Metadata of a page: JSON-LD with schema.org's vocabulary, and a summary for link previews."""

from collections.abc import Iterable

from django.utils.safestring import SafeString
from django.utils.text import Truncator

from actors.exports.records import encode_json
from actors.fields import split_names
from actors.listing.rows import CastCredit, FilmCredit
from actors.models import Actor, Film
from actors.text.names import full_name
from actors.text.slugs import actor_url, film_url

# Search engines and link previews truncate longer summaries.
MAX_SUMMARY_LENGTH = 200
# Escaped within a script element: "</script>" would end it, and "<!--" would hide its end.
_ESCAPES = {ord(character): f"\\u{ord(character):04X}" for character in "<>&"}


def person_json_ld(actor: Actor, credits: Iterable[FilmCredit], origin: str) -> SafeString:
    """Return the script element with the JSON-LD of ``actor`` and of the films in ``credits``.

    ``origin`` is the scheme and host for the URLs.
    """
    url = origin + actor_url(actor)
    return _json_ld_script(
        {
            "@context": "https://schema.org",
            "@type": "Person",
            "@id": url,
            "url": url,
            "name": full_name(actor),
            "givenName": actor.first_name,
            "familyName": actor.last_name,
            "alternateName": [name for name in (actor.native_name, *split_names(actor.also_known_as)) if name],
            "birthDate": _year_text(actor.birth_year),
            "deathDate": _year_text(actor.death_year),
            "nationality": {"@type": "Country", "name": actor.country_name} if actor.country else None,
            "description": actor.biography,
            "@reverse": {"actor": films} if (films := [_movie(film, origin) for film in credits]) else None,
        }
    )


def movie_json_ld(film: Film, cast: Iterable[CastCredit], origin: str) -> SafeString:
    """Return the script element with the JSON-LD of ``film`` and of its ``cast``. ``origin`` as in person_json_ld."""
    return _json_ld_script(
        {
            "@context": "https://schema.org",
            **_movie(film, origin),
            "actor": [_performance(credit, origin) for credit in cast],
        }
    )


def actor_summary(actor: Actor) -> str:
    """Return a short summary of ``actor``; "" if nothing is known."""
    facts = " · ".join(filter(None, (actor.native_name, actor.years, actor.country_name)))
    return _summary(". ".join(filter(None, (facts, actor.biography))))


def film_summary(film: Film, cast: Iterable[CastCredit]) -> str:
    """Return a short summary of ``film``; "" if nothing is known."""
    facts = " · ".join(filter(None, (film.original_title, _year_text(film.year))))
    return _summary(". ".join(filter(None, (facts, ", ".join(map(full_name, cast))))))


def _movie(film, origin):
    url = origin + film_url(film)
    return {
        "@type": "Movie",
        "@id": url,
        "url": url,
        "name": film.title,
        "alternateName": film.original_title,
        "datePublished": _year_text(film.year),
    }


def _performance(credit, origin):
    actor = {"@type": "Person", "name": full_name(credit), "url": origin + actor_url(credit)}
    if not credit.character:
        return actor
    return {"@type": "PerformanceRole", "actor": actor, "characterName": credit.character}


def _year_text(year):
    # In ISO 8601, a year alone is a date.
    return str(year) if year else ""


def _summary(text):
    return Truncator(" ".join(text.split())).chars(MAX_SUMMARY_LENGTH)


def _json_ld_script(value):
    json = encode_json(_without_empty(value)).translate(_ESCAPES)
    return SafeString(f'<script type="application/ld+json">{json}</script>')


def _without_empty(value):
    """Return ``value`` without empty members, at any depth."""
    if isinstance(value, dict):
        return {name: _without_empty(part) for name, part in value.items() if part}
    return [_without_empty(part) for part in value] if isinstance(value, list) else value
