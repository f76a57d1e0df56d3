"""What a page is about, for machines: JSON-LD in schema.org's words, and a summary for a link's preview."""

from collections.abc import Callable, Iterable

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator

from actors.exports.records import encode_json
from actors.fields import split_names
from actors.models import Actor, Credit, Film

# Longer ones are cut by whoever shows them.
MAX_SUMMARY_LENGTH = 200
# Within a script element no character of these is text: "</script>" would end it, "<!--" hide its end.
_ESCAPES = {ord(character): f"\\u{ord(character):04X}" for character in "<>&"}


def person_json_ld(actor: Actor, credits: Iterable[Credit], absolute: Callable[[str], str]) -> SafeString:
    """Return the script element that says who ``actor`` is and which films have the actor."""
    address = absolute(actor.get_absolute_url())
    return _json_ld_script(
        {
            "@context": "https://schema.org",
            "@type": "Person",
            "@id": address,
            "url": address,
            "name": str(actor),
            "givenName": actor.first_name,
            "familyName": actor.last_name,
            "alternateName": [name for name in (actor.native_name, *split_names(actor.also_known_as)) if name],
            "birthDate": _year_text(actor.birth_year),
            "deathDate": _year_text(actor.death_year),
            "nationality": {"@type": "Country", "name": actor.country_name} if actor.country else None,
            "description": actor.biography,
            "@reverse": {"actor": films} if (films := [_movie(credit.film, absolute) for credit in credits]) else None,
        }
    )


def movie_json_ld(film: Film, credits: Iterable[Credit], absolute: Callable[[str], str]) -> SafeString:
    """Return the script element that says what ``film`` is and who is in it, in order of billing."""
    return _json_ld_script(
        {
            "@context": "https://schema.org",
            **_movie(film, absolute),
            "actor": [_performance(part, absolute) for part in credits],
        }
    )


def actor_summary(actor: Actor) -> str:
    """Return a line or two on ``actor``; empty where nothing is known."""
    facts = " · ".join(filter(None, (actor.native_name, actor.years, actor.country_name)))
    return _summary(". ".join(filter(None, (facts, actor.biography))))


def film_summary(film: Film, credits: Iterable[Credit]) -> str:
    """Return a line or two on ``film``; empty where nothing is known."""
    facts = " · ".join(filter(None, (film.original_title, _year_text(film.year))))
    return _summary(". ".join(filter(None, (facts, ", ".join(str(credit.actor) for credit in credits)))))


def _movie(film, absolute):
    address = absolute(film.get_absolute_url())
    return {
        "@type": "Movie",
        "@id": address,
        "url": address,
        "name": film.title,
        "alternateName": film.original_title,
        "datePublished": _year_text(film.year),
    }


def _performance(credit, absolute):
    actor = {"@type": "Person", "name": str(credit.actor), "url": absolute(credit.actor.get_absolute_url())}
    if not credit.character:
        return actor
    return {"@type": "PerformanceRole", "actor": actor, "characterName": credit.character}


def _year_text(year):
    # ISO 8601 takes a year alone for a date.
    return str(year) if year else ""


def _summary(text):
    return Truncator(" ".join(text.split())).chars(MAX_SUMMARY_LENGTH)


def _json_ld_script(value):
    json = encode_json(_without_empty(value)).translate(_ESCAPES)
    return format_html('<script type="application/ld+json">{}</script>', mark_safe(json))  # noqa: S308  escaped above


def _without_empty(value):
    """``value`` without what is not known."""
    if isinstance(value, dict):
        return {name: _without_empty(part) for name, part in value.items() if part}
    return [_without_empty(part) for part in value] if isinstance(value, list) else value
