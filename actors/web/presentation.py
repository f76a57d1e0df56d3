"""Text and HTML for the pages. HTML is returned as a SafeString where templates insert it.

Functions build the parts that are repeated on a page, such as rows, because rendering a template for each would take
twenty times as long. Parts that a page has only once are in its template.
"""

from collections.abc import Iterable
from datetime import datetime
from html import escape
from itertools import groupby

from django.utils.formats import date_format, number_format
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from actors.db.keyset import KeysetPage
from actors.fields import split_names
from actors.listing.actors import ActorListing
from actors.listing.films import FilmListing
from actors.listing.params import DECADE, ListParams
from actors.models import Actor, Film
from actors.models.years import life_span
from actors.text.countries import country_name
from actors.text.language import language_of_name
from actors.text.names import full_name, title_and_year
from actors.text.normalize import match_ranges
from actors.text.slugs import actor_url, film_url, page_url


def highlight(text: str, words: list[str]) -> str:
    """Return the HTML of ``text``, with ``<mark>`` around the parts that the folded ``words`` match."""
    if not words:
        return escape(text)
    pieces, at = [], 0
    for start, end in match_ranges(text, words):
        pieces.append(f"{escape(text[at:start])}<mark>{escape(text[start:end])}</mark>")
        at = end
    return "".join(pieces) + escape(text[at:])


def bdi(content: str, css_class: str = "", language: str = "") -> str:
    """Return a ``<bdi>`` around ``content``, the HTML of a name that may be in another script, with its language."""
    css_class = css_class and f' class="{css_class}"'
    language = language and f' lang="{language}"'
    return f"<bdi{css_class}{language}>{content}</bdi>"


def actor_row(actor, sort: str, words: list[str], language: str) -> str:
    """Return the HTML of the row of ``actor`` in a list. Matches of the folded ``words`` of a search are marked."""
    first, last = highlight(actor.first_name, words), highlight(actor.last_name, words)
    name = f"<b>{first}</b> {last}" if sort == "first" or not last else f"{first} <b>{last}</b>"
    native = also = ""
    if actor.native_name:
        spoken = language_of_name(actor.native_name, actor.country)
        native = bdi(highlight(actor.native_name, words), "native", spoken)
    if words and actor.also_known_as:
        also = "".join(
            bdi(highlight(other, words), "also", language_of_name(other, actor.country))
            for other in split_names(actor.also_known_as)
            if match_ranges(other, words)
        )
    return (
        f'<li><a href="{actor_url(actor)}">{name}</a> {native} '
        f'<span class="years">{life_span(actor.birth_year, actor.death_year, language)}</span> '
        f'<span class="country">{escape(country_name(actor.country, language))}</span>{also}</li>\n'
    )


def actor_rows(actors: Iterable, sort: str = "", words: Iterable[str] = ()) -> SafeString:
    """Return the HTML of the rows of ``actors``, in the active language."""
    language, words = get_language(), list(words)
    return SafeString("".join([actor_row(actor, sort, words, language) for actor in actors]))


def film_row(film, words: list[str], language: str) -> str:
    """Return the HTML of the row of ``film`` in a list. ``language`` is that of its original title."""
    original = film.original_title and bdi(highlight(film.original_title, words), "native", language)
    return (
        f'<li><a href="{film_url(film)}">{highlight(film.title, words)}</a> {original} '
        f'<span class="year">{film.year or ""}</span></li>\n'
    )


def film_rows(films: Iterable, languages: dict[int, str], words: Iterable[str] = ()) -> SafeString:
    """Return the HTML of the rows of ``films``. ``languages`` is {film id: language of the original title}."""
    words = list(words)
    return SafeString("".join([film_row(film, words, languages.get(film.id, "")) for film in films]))


def grouped_rows(groups: Iterable[tuple[str, str]]) -> SafeString:
    """Return the HTML of ``groups``, which are (initial, HTML of the rows), each under its initial."""
    made = []
    for initial, rows in groups:
        heading = f"<h2>{escape(initial)}</h2>" if initial else ""
        made.append(f'<div class="group">{heading}<ul class="actors">\n{rows}</ul></div>\n')
    return SafeString("".join(made))


def group_by_initial(rows: list, key: str) -> list[tuple[str, list]]:
    """Return (initial, rows) pairs of ``rows``, which are sorted by their attribute ``key``.

    If ``key`` is "", all rows are in one pair without an initial.
    """
    if not key:
        return [("", rows)]
    return [(initial, list(some)) for initial, some in groupby(rows, lambda row: initial_of(getattr(row, key)))]


def initial_of(key: str) -> str:
    """Return the letter under which the sort key ``key`` is listed, or "#"."""
    return key[0].upper() if key[:1].isalpha() else "#"


def filmography(films: Iterable, country: str) -> SafeString:
    """Return the HTML of the list of ``films`` that an actor from ``country`` is in."""
    as_part = _("as %(part)s")
    rows = []
    for film in films:
        original = film.original_title and bdi(
            escape(film.original_title), "native", language_of_name(film.original_title, country)
        )
        rows.append(
            f'<li><span class="year">{film.year or ""}</span> '
            f'<a href="{film_url(film)}">{escape(film.title)}</a> {original}{part_text(film.character, as_part)}</li>\n'
        )
    return SafeString("".join(rows))


def cast_list(cast: Iterable) -> SafeString:
    """Return the HTML of the list of actors in a film."""
    as_part = _("as %(part)s")
    rows = []
    for actor in cast:
        native = actor.native_name and bdi(
            escape(actor.native_name), "native", language_of_name(actor.native_name, actor.country)
        )
        rows.append(
            f'<li><a href="{actor_url(actor)}">{escape(full_name(actor))}</a> '
            f"{native}{part_text(actor.character, as_part)}</li>\n"
        )
    return SafeString("".join(rows))


def fact(label: str, text: str, url: str = "") -> str:
    """Return the HTML of a row of facts: ``label`` and ``text``, which is a link if there is a ``url``."""
    text = f'<a href="{escape(url)}">{escape(text)}</a>' if url else escape(text)
    return f"<div><dt>{escape(label)}</dt><dd>{text}</dd></div>\n"


def actor_facts(actor: Actor) -> SafeString:
    """Return the HTML of the years and the country of ``actor``, as far as they are known."""
    facts = []
    if actor.birth_year:
        facts.append(fact(_("Born"), str(actor.birth_year), decade_url("list", "born", actor.birth_year)))
    if actor.death_year:
        facts.append(fact(_("Died"), str(actor.death_year)))
    if actor.country:
        url = page_url("list") + ActorListing(country=actor.country).query_string
        facts.append(fact(_("Country"), actor.country_name, url))
    return SafeString("".join(facts))


def film_facts(film: Film) -> SafeString:
    """Return the HTML of the year of ``film``, if it is known."""
    if not film.year:
        return SafeString("")
    return SafeString(fact(_("Year"), str(film.year), decade_url("films", "decade", film.year)))


def decade_url(view: str, name: str, year: int) -> str:
    """Return the URL of the list for the decade of ``year``; "" if the list has no filter for that decade."""
    decade = f"{year // 10}0s"
    return f"{page_url(view)}?{name}={decade}" if DECADE.fullmatch(decade) else ""


def native_text(text: str, language: str) -> SafeString:
    """Return the HTML of a name or title in its own script; "" if ``text`` is empty."""
    return SafeString(text and bdi(escape(text), "", language))


def other_names(actor: Actor) -> SafeString:
    """Return the other names as HTML, each marked with its language."""
    return SafeString(", ".join(bdi(escape(name), "", language) for name, language in actor.other_names))


def time_element(moment: datetime) -> SafeString:
    """Return a ``<time>`` with the date of ``moment``, in the format of the active language."""
    return SafeString(f'<time datetime="{moment:%Y-%m-%dT%H:%M:%SZ}">{escape(date_format(moment))}</time>')


def part_text(character: str, as_part: str) -> str:
    """Return the HTML of ``character`` in the format ``as_part``; "" if there is no character.

    The caller translates ``as_part`` once for all rows.
    """
    return character and f' <span class="part">{escape(as_part % {"part": character})}</span>'


def actor_count(number: int, more: bool) -> str:
    """Return the text for the number of actors on all pages; ``more`` means that there are more than ``number``."""
    shown = {"number": number_format(number, force_grouping=True)}
    if more:
        return _("More than %(number)s actors") % shown
    return ngettext("%(number)s actor", "%(number)s actors", number) % shown


def film_count(number: int, more: bool) -> str:
    """Return the text for the number of films on all pages; ``more`` means that there are more than ``number``."""
    shown = {"number": number_format(number, force_grouping=True)}
    if more:
        return _("More than %(number)s films") % shown
    return ngettext("%(number)s film", "%(number)s films", number) % shown


def actor_range(listing: ActorListing, page: KeysetPage) -> str:
    """Return the first and last name on ``page``, like the guide words of a dictionary page, or its positions."""
    return page_range(
        page,
        *(
            (actor.first_name or actor.last_name) if listing.sort == "first" else (actor.last_name or actor.first_name)
            for actor in (page.rows[0], page.rows[-1])
        ),
    )


def film_range(listing: FilmListing, page: KeysetPage) -> str:
    """Return the first and last title on ``page``, with years if the list is sorted by year, or its positions."""
    ends = (page.rows[0], page.rows[-1])
    return page_range(page, *(title_and_year(film) if listing.sort == "year" else film.title for film in ends))


def page_range(page, first, last):
    """Return "first – last", or the positions of search results such as "51–100"; "" if there is only one page."""
    if page.is_whole:
        return ""
    return f"{first} – {last}" if page.start is None else f"{page.start + 1}–{page.start + len(page.rows)}"


def suggestions(listing: ListParams) -> list[dict]:
    """Return the label and URL of each suggestion for a search that finds nothing."""
    # Suggestions are folded and therefore in lowercase.
    return [
        {"label": " ".join(map(str.capitalize, query.split(" "))), "url": f"./{listing.change(q=query).query_string}"}
        for query in listing.suggestions()
    ]


def streams(listing: ListParams, kind: str) -> list[dict]:
    """Return the label, type and URL of each export of the whole list. JSON is left out: it returns single pages."""
    return [
        {
            "label": label,
            "type": content_type,
            "url": page_url(f"{kind}-{label.lower()}") + listing.change().query_string,
        }
        for label, content_type in (("CSV", "text/csv"), ("NDJSON", "application/x-ndjson"))
    ]
