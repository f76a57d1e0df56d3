"""How lists, rows and choices look: functions that return texts, or HTML as a SafeString.

What is repeated on a page, such as a row or an option, is a plain function: a template costs twenty times as much
for each. What stands once on a page is in its template.
"""

from collections.abc import Iterable
from html import escape
from itertools import groupby
from urllib.parse import quote_plus

from django.utils.formats import number_format
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django_countries import countries

from actors.db.keyset import KeysetPage
from actors.fields import split_names
from actors.listing.actors import ActorListing
from actors.listing.films import FilmListing
from actors.listing.params import DECADE, ListParams
from actors.models.years import life_span
from actors.text.countries import country_name, country_order
from actors.text.index_letters import letter_label
from actors.text.language import language_of_name
from actors.text.normalize import match_ranges
from actors.text.slugs import actor_url, film_url, page_url

# Beside a choice no more are counted.
MAX_COUNTED_OF_CHOICE = 99


def highlight(text: str, words: list[str]) -> str:
    """Return the HTML of ``text`` with ``<mark>`` around what the folded ``words`` match."""
    if not words:
        return escape(text)
    pieces, at = [], 0
    for start, end in match_ranges(text, words):
        pieces.append(f"{escape(text[at:start])}<mark>{escape(text[start:end])}</mark>")
        at = end
    return "".join(pieces) + escape(text[at:])


def bdi(content: str, css_class: str = "", language: str = "") -> str:
    """Return a name in another script, whose HTML is ``content``: it keeps its direction and has its language."""
    css_class = css_class and f' class="{css_class}"'
    language = language and f' lang="{language}"'
    return f"<bdi{css_class}{language}>{content}</bdi>"


def actor_row(actor, sort: str, words: list[str], language: str) -> str:
    """Return the row of ``actor`` in a list; what matches the folded ``words`` of a search is marked."""
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
    """Return the rows of ``actors``, in the active language."""
    language, words = get_language(), list(words)
    return SafeString("".join([actor_row(actor, sort, words, language) for actor in actors]))


def film_row(film, words: list[str], language: str) -> str:
    """Return the row of ``film`` in a list, whose original title is in the ``language``."""
    original = film.original_title and bdi(highlight(film.original_title, words), "native", language)
    return (
        f'<li><a href="{film_url(film)}">{highlight(film.title, words)}</a> {original} '
        f'<span class="year">{film.year or ""}</span></li>\n'
    )


def film_rows(films: Iterable, languages: dict[int, str], words: Iterable[str] = ()) -> SafeString:
    """Return the rows of ``films``; ``languages`` has those of original titles, by the film's id."""
    words = list(words)
    return SafeString("".join([film_row(film, words, languages.get(film.id, "")) for film in films]))


def grouped(groups: Iterable[tuple[str, str]]) -> SafeString:
    """Return a list in groups, which are (initial, the HTML of its rows), under their initials."""
    headed = ((f"<h2>{escape(initial)}</h2>" if initial else "", rows) for initial, rows in groups)
    return SafeString(
        "".join(f'<div class="group">{h2}<ul class="actors">\n{rows}</ul></div>\n' for h2, rows in headed)
    )


def by_initial(rows: list, key: str) -> list[tuple[str, list]]:
    """Return (initial, rows) in order, as a printed directory has them; without initial where ``key`` is empty."""
    if not key:
        return [("", rows)]
    return [(initial, list(some)) for initial, some in groupby(rows, lambda row: initial_of(getattr(row, key)))]


def initial_of(key: str) -> str:
    return key[0].upper() if key[:1].isalpha() else "#"


def filmography(films: Iterable, country: str) -> SafeString:
    """Return the list of the ``films`` that an actor of the ``country`` is in."""
    as_part = _("as %(part)s")
    rows = []
    for film in films:
        original = film.original_title and bdi(
            escape(film.original_title), "native", language_of_name(film.original_title, country)
        )
        rows.append(
            f'<li><span class="year">{film.year or ""}</span> '
            f'<a href="{film_url(film)}">{escape(film.title)}</a> {original}{played(film.character, as_part)}</li>\n'
        )
    return SafeString("".join(rows))


def cast_list(cast: Iterable) -> SafeString:
    """Return the list of the actors in a film."""
    as_part = _("as %(part)s")
    rows = []
    for actor in cast:
        native = actor.native_name and bdi(
            escape(actor.native_name), "native", language_of_name(actor.native_name, actor.country)
        )
        rows.append(
            f'<li><a href="{actor_url(actor)}">{escape(full_name(actor))}</a> '
            f"{native}{played(actor.character, as_part)}</li>\n"
        )
    return SafeString("".join(rows))


def played(character: str, as_part: str) -> str:
    return character and f' <span class="part">{escape(as_part % {"part": character})}</span>'


def full_name(actor) -> str:
    """Return the name of ``actor``, an Actor or a row; its number where it has none."""
    return f"{actor.first_name} {actor.last_name}".strip() or f"#{actor.id}"


def title_and_year(film) -> str:
    return (film.title or f"#{film.id}") + (f" ({film.year})" if film.year else "")


def letter_links(listing: ListParams, letters: list[str], first_key: str) -> SafeString:
    """Return links to the ``letters`` of a list, the one that its first row is under being the current one.

    ``first_key`` is what that row is sorted by.
    """
    if len(letters) < 2:
        return SafeString("")
    current = listing.letter or letter_label(first_key)
    start = listing.change().query_string
    start = escape(f"./{start}&" if start else "./?")
    marked = ((letter, _current if letter == current else "") for letter in letters)
    return SafeString(
        "".join(
            f'<li><a href="{start}letter={quote_plus(letter)}"{mark}>{letter}</a></li>\n' for letter, mark in marked
        )
    )


_current = ' aria-current="true"'


def select(listing: ListParams, name: str, label: str, labels: dict[str, str], numbers: dict | None = None) -> dict:
    """Return the choice of ``name`` for a form, ``labels`` being those of its values.

    With ``numbers``, where the list is not searched, each says how many there are.
    """
    chosen = getattr(listing, name)
    options = []
    for value, text in labels.items():
        if numbers and value in numbers and not listing.q:
            text = f"{text} ({bounded_number(numbers[value])})"
        options.append(
            f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(text)}</option>'
        )
    return {"name": name, "label": label, "options": SafeString("\n".join(options))}


def bounded_number(number: int) -> str:
    return f"{MAX_COUNTED_OF_CHOICE}+" if number > MAX_COUNTED_OF_CHOICE else str(number)


def actor_selects(listing: ActorListing, counted: dict | None) -> list[dict]:
    """Return the choices by which the list of actors is narrowed and sorted; ``counted`` by ``facets.counts``."""
    sorts = {"": _("By last name"), "first": _("By first name")}
    if listing.q:
        sorts = {"": _("Best match"), "last": _("By last name"), "first": _("By first name")}
    selects = [select(listing, "sort", _("Order"), sorts)]
    if counted is None:
        return selects
    language = get_language()
    found = leading(listing, "country", counted["country"])
    names = sorted(
        ((country_name(code, language), code) for code in found), key=lambda choice: country_order(choice[0], language)
    )
    living = dict(counted["living"])
    return [
        *select_if_any(listing, "country", _("Country"), {code: name for name, code in names}, found),
        select(
            listing,
            "living",
            _("Living or deceased"),
            {"": _("All"), "yes": _("Living"), "no": _("Deceased")},
            {"": sum(living.values()), **living},
        ),
        *decade_select(listing, "born", _("Born"), counted["born"]),
        *selects,
    ]


def film_selects(listing: FilmListing, counted: dict | None) -> list[dict]:
    """Return the choices by which the list of films is narrowed and sorted; ``counted`` by its ``counts``."""
    sorts = {"": _("By title"), "year": _("Newest first")}
    if listing.q:
        sorts = {"": _("Best match"), "title": _("By title"), "year": _("Newest first")}
    order = select(listing, "sort", _("Order"), sorts)
    if counted is None:
        return [order]
    decades = [(f"{first}s", number) for first, number in counted["decades"]]
    return [*decade_select(listing, "decade", _("Decade"), decades), order]


def decade_select(listing, name, label, counted):
    found = {decade: number for decade, number in leading(listing, name, counted).items() if DECADE.fullmatch(decade)}
    return select_if_any(listing, name, label, {decade: decade_name(decade) for decade in found}, found)


def select_if_any(listing, name, label, labels, numbers):
    return [select(listing, name, label, {"": _("All"), **labels}, numbers)] if labels else []


def leading(listing: ListParams, name: str, counted: list[tuple[str, int]]) -> dict[str, int]:
    """Return those of ``counted`` that lead to any row, and the one that is chosen."""
    return {value: number for value, number in counted if number or getattr(listing, name) == value}


def decade_name(decade: str) -> str:
    return _("%(decade)ss") % {"decade": decade.removesuffix("s")}


def actor_conditions(listing: ActorListing) -> dict[str, str]:
    """Return what narrows the list, in words, by the parameter's name."""
    labels = query_condition(listing)
    if listing.country:
        labels["country"] = countries.name(listing.country)
    if listing.living:
        labels["living"] = _("Living") if listing.living == "yes" else _("Deceased")
    if listing.born:
        labels["born"] = _("Born in the %(decade)s") % {"decade": decade_name(listing.born)}
    return labels


def film_conditions(listing: FilmListing) -> dict[str, str]:
    """Return the same of a list of films."""
    labels = query_condition(listing)
    if listing.decade:
        labels["decade"] = _("Films of the %(decade)s") % {"decade": decade_name(listing.decade)}
    return labels


def query_condition(listing):
    return {"q": _("“%(query)s”") % {"query": listing.q}} if listing.q else {}


def chips(listing: ListParams, conditions: dict[str, str]) -> list[dict]:
    """Return the ``conditions``, each with the address of the list without it."""
    return [
        {"label": label, "url": f"./{listing.change(**{name: ''}).query_string}"} for name, label in conditions.items()
    ]


def actor_count(number: int, more: bool) -> str:
    """Say how many actors there are on all pages."""
    shown = {"number": number_format(number, force_grouping=True)}
    if more:
        return _("More than %(number)s actors") % shown
    return ngettext("%(number)s actor", "%(number)s actors", number) % shown


def film_count(number: int, more: bool) -> str:
    """Say how many films there are on all pages."""
    shown = {"number": number_format(number, force_grouping=True)}
    if more:
        return _("More than %(number)s films") % shown
    return ngettext("%(number)s film", "%(number)s films", number) % shown


def actor_range(listing: ActorListing, page: KeysetPage) -> str:
    """Say which part of the list ``page`` is by its first and last name, as a dictionary's head does."""
    return page_range(
        page,
        *(
            (actor.first_name or actor.last_name) if listing.sort == "first" else (actor.last_name or actor.first_name)
            for actor in (page.rows[0], page.rows[-1])
        ),
    )


def film_range(listing: FilmListing, page: KeysetPage) -> str:
    """Say which part of the list ``page`` is by its first and last title; by year, with the year."""
    ends = (page.rows[0], page.rows[-1])
    return page_range(page, *(title_and_year(film) if listing.sort == "year" else film.title for film in ends))


def page_range(page, first, last):
    """Return from ``first`` to ``last``; of what a search found, its places; "" where all is on one page."""
    if not (page.previous or page.next):
        return ""
    return f"{first} – {last}" if page.start is None else f"{page.start + 1}–{page.start + len(page.rows)}"


def suggestions(listing: ListParams) -> list[dict]:
    """Return what a search that finds nothing may have meant, each with the address of its list."""
    # Folded, they are all lower case.
    return [
        {"label": " ".join(map(str.capitalize, query.split(" "))), "url": f"./{listing.change(q=query).query_string}"}
        for query in listing.suggestions()
    ]


def streams(listing: ListParams, kind: str) -> list[dict]:
    """Return the addresses of the view as data, of all its pages; that of this page alone is JSON."""
    return [
        {
            "label": label,
            "type": content_type,
            "url": page_url(f"{kind}-{label.lower()}") + listing.change().query_string,
        }
        for label, content_type in (("CSV", "text/csv"), ("NDJSON", "application/x-ndjson"))
    ]
