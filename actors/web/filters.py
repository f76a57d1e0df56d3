"""Filters of a list page: the selects of its form, labels of the filters in use, and links to letters."""

from html import escape
from urllib.parse import quote_plus

from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from actors.listing.actors import ActorListing
from actors.listing.films import FilmListing
from actors.listing.params import DECADE, ListParams
from actors.text.countries import country_name, country_order
from actors.text.index_letters import letter_label

# The largest count that an option shows. A larger one is shown as "99+".
MAX_COUNTED_OF_CHOICE = 99


def letter_links(listing: ListParams, letters: list[str], first_key: str) -> SafeString:
    """Return links to the ``letters`` of a list, with the current letter marked; "" if there are fewer than two.

    The current letter is ``listing.letter``, or otherwise the letter of ``first_key``, the sort key of the first row.
    """
    if len(letters) < 2:
        return SafeString("")
    current = listing.letter or letter_label(first_key)
    start = listing.change().query_string
    start = escape(f"./{start}&" if start else "./?")
    links = []
    for letter in letters:
        mark = ' aria-current="true"' if letter == current else ""
        links.append(f'<li><a href="{start}letter={quote_plus(letter)}"{mark}>{letter}</a></li>\n')
    return SafeString("".join(links))


def select(listing: ListParams, name: str, label: str, labels: dict[str, str], numbers: dict | None = None) -> dict:
    """Return the template context of a select for the parameter ``name``. ``labels`` is {value: label}.

    With ``numbers``, {value: count}, options show their counts, except in search results.
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
    """Return the number as text, such as "12" or "99+"."""
    return f"{MAX_COUNTED_OF_CHOICE}+" if number > MAX_COUNTED_OF_CHOICE else str(number)


def actor_selects(listing: ActorListing, counted: dict | None) -> list[dict]:
    """Return the selects for actors. ``counted`` is from ``facets.counts``; if it is None, only ``sort`` is shown."""
    sorts = {"": _("By last name"), "first": _("By first name")}
    if listing.q:
        sorts = {"": _("Best match"), "last": _("By last name"), "first": _("By first name")}
    selects = [select(listing, "sort", _("Sort order"), sorts)]
    if counted is None:
        return selects
    language = get_language()
    found = with_rows(listing, "country", counted["country"])
    # A code that was written by SQL may not be the code of a country.
    names = [(name, code) for code in found if (name := country_name(code, language))]
    names.sort(key=lambda choice: country_order(choice[0], language))
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
    """Return the selects for films. ``counted`` is from ``listing.counts``; if it is None, only ``sort`` is shown."""
    sorts = {"": _("By title"), "year": _("Newest first")}
    if listing.q:
        sorts = {"": _("Best match"), "title": _("By title"), "year": _("Newest first")}
    order = select(listing, "sort", _("Sort order"), sorts)
    if counted is None:
        return [order]
    decades = [(f"{first}s", number) for first, number in counted["decades"]]
    return [*decade_select(listing, "decade", _("Decade"), decades), order]


def decade_select(listing, name, label, counted):
    """Return a list with the select of decades that have results, or an empty list if there are none."""
    found = {decade: number for decade, number in with_rows(listing, name, counted).items() if DECADE.fullmatch(decade)}
    return select_if_any(listing, name, label, {decade: decade_name(decade) for decade in found}, found)


def select_if_any(listing, name, label, labels, numbers):
    """Return a list with the select, or an empty list if it has no choices."""
    return [select(listing, name, label, {"": _("All"), **labels}, numbers)] if labels else []


def with_rows(listing: ListParams, name: str, counted: list[tuple[str, int]]) -> dict[str, int]:
    """Return {value: count} of ``counted``, without values that match no row unless they are chosen."""
    found = {value: number for value, number in counted if number}
    # Without the chosen value, submitting the form would drop the filter.
    if chosen := getattr(listing, name):
        found.setdefault(chosen, 0)
    return found


def decade_name(decade: str) -> str:
    """Return a decade in the current language, such as "1940s"."""
    return _("%(decade)ss") % {"decade": decade.removesuffix("s")}


def actor_conditions(listing: ActorListing) -> dict[str, str]:
    """Return {parameter: label} of the search and the filters in use."""
    labels = query_condition(listing)
    if listing.country:
        labels["country"] = country_name(listing.country, get_language())
    if listing.living:
        labels["living"] = _("Living") if listing.living == "yes" else _("Deceased")
    if listing.born:
        labels["born"] = _("Born in the %(decade)s") % {"decade": decade_name(listing.born)}
    return labels


def film_conditions(listing: FilmListing) -> dict[str, str]:
    """Return {parameter: label} of the search and the filter in use, for a list of films."""
    labels = query_condition(listing)
    if listing.decade:
        labels["decade"] = _("Films of the %(decade)s") % {"decade": decade_name(listing.decade)}
    return labels


def query_condition(listing):
    """Return {parameter: label} of the search, or {} without one."""
    return {"q": _("“%(query)s”") % {"query": listing.q}} if listing.q else {}


def chips(listing: ListParams, conditions: dict[str, str]) -> list[dict]:
    """Return the label of each of the ``conditions``, with the URL of the list without that filter."""
    return [
        {"label": label, "url": f"./{listing.change(**{name: ''}).query_string}"} for name, label in conditions.items()
    ]
