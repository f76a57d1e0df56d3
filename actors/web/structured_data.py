"""What a page is about, for machines: JSON-LD in schema.org's words, and a summary for a link's preview."""

from collections.abc import Callable, Iterable

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator

from actors.exports.records import encode
from actors.fields import split_names
from actors.models import Actor, Credit, Film

# Longer ones are cut by whoever shows them.
SUMMARY = 200
# Within a script element no character of these is text: "</script>" would end it, "<!--" hide its end.
_ESCAPES = {ord(character): f"\\u{ord(character):04X}" for character in "<>&"}


def person(actor: Actor, credits: Iterable[Credit], absolute: Callable[[str], str]) -> SafeString:
    """Return the script element that says who ``actor`` is and which films have the actor."""
    address = absolute(actor.get_absolute_url())
    return _script(
        {
            "@context": "https://schema.org",
            "@type": "Person",
            "@id": address,
            "url": address,
            "name": str(actor),
            "givenName": actor.first_name,
            "familyName": actor.last_name,
            "alternateName": [name for name in (actor.native_name, *split_names(actor.also_known_as)) if name],
            "birthDate": _year(actor.birth_year),
            "deathDate": _year(actor.death_year),
            "nationality": {"@type": "Country", "name": actor.country_name} if actor.country else None,
            "description": actor.biography,
            "@reverse": {"actor": films} if (films := [_movie(credit.film, absolute) for credit in credits]) else None,
        }
    )


def movie(film: Film, credits: Iterable[Credit], absolute: Callable[[str], str]) -> SafeString:
    """Return the script element that says what ``film`` is and who is in it, in order of billing."""
    return _script(
        {
            "@context": "https://schema.org",
            **_movie(film, absolute),
            "actor": [_part(part, absolute) for part in credits],
        }
    )


def about_actor(actor: Actor) -> str:
    """Return a line or two on ``actor``; empty where nothing is known."""
    facts = " · ".join(filter(None, (actor.native_name, actor.years, actor.country_name)))
    return _summary(". ".join(filter(None, (facts, actor.biography))))


def about_film(film: Film, credits: Iterable[Credit]) -> str:
    """Return a line or two on ``film``; empty where nothing is known."""
    facts = " · ".join(filter(None, (film.original_title, _year(film.year))))
    return _summary(". ".join(filter(None, (facts, ", ".join(str(credit.actor) for credit in credits)))))


def _movie(film, absolute):
    address = absolute(film.get_absolute_url())
    return {
        "@type": "Movie",
        "@id": address,
        "url": address,
        "name": film.title,
        "alternateName": film.original_title,
        "datePublished": _year(film.year),
    }


def _part(credit, absolute):
    actor = {"@type": "Person", "name": str(credit.actor), "url": absolute(credit.actor.get_absolute_url())}
    if not credit.character:
        return actor
    return {"@type": "PerformanceRole", "actor": actor, "characterName": credit.character}


def _year(year):
    # ISO 8601 takes a year alone for a date.
    return str(year) if year else ""


def _summary(text):
    return Truncator(" ".join(text.split())).chars(SUMMARY)


def _script(value):
    json = encode(_known(value)).translate(_ESCAPES)
    return format_html('<script type="application/ld+json">{}</script>', mark_safe(json))  # noqa: S308  escaped above


def _known(value):
    """``value`` without what is not known."""
    if isinstance(value, dict):
        return {name: _known(part) for name, part in value.items() if part}
    return [_known(part) for part in value] if isinstance(value, list) else value
