"""The list of films as a page."""

from collections import defaultdict
from statistics import mode

from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from actors.listing.films import FilmListing
from actors.listing.params import number_of
from actors.models import Credit
from actors.text import index_letters
from actors.text.language import language_of_name
from actors.text.normalize import fold_words
from actors.web.views import (
    COUNTED_OF_CHOICE,
    chips,
    choices,
    decade_choices,
    decade_name,
    groups,
    letters,
    public,
    streams,
    suggestions,
    ways_on,
)
from actorsite.page_cache.memoize import memoize_for_version
from actorsite.page_cache.publishing import set_canonical_address


@public
def film_list(request):
    """The list of films: searched, of a decade, sorted, a page at a time."""
    listing = FilmListing.read(request.GET)
    set_canonical_address(request, listing.query_string)
    page = listing.page()
    if page is None:
        return HttpResponseRedirect(f"./{listing.change().query_string}")
    nearest = listing.nearest() if not page.rows else []
    _tell_languages(page.rows)
    for film in nearest:
        film.original_language = language_of_name(film.original_title, "")
    labels = _labels(listing)
    # What a search finds, and one page shows, is narrowed at a glance.
    few = bool(listing.q) and not (page.previous or page.next) and (not page.rows or not listing.decade)
    found = {"decades": [], "letters": []}
    if not few:
        around = listing.change(q="", sort="")
        found = memoize_for_version(request, ("film counts", around), lambda: around.counts(COUNTED_OF_CHOICE + 1))
    here = request.path + listing.query_string
    context = {
        "listing": listing,
        "here": here,
        "canonical": request.build_absolute_uri(here),
        "json": reverse("films-json") + listing.query_string,
        "title": " · ".join(labels.values()),
        "words": fold_words(listing.q),
        "groups": groups(page.rows, "" if listing.q or listing.sort else "sort_title"),
        "count": _count(*number_of(request, listing, page)),
        "range": _range(listing, page) if page.previous or page.next else "",
        "more": page.more,
        "by_name": f"./{listing.change(sort='title').query_string}" if listing.best_first else "",
        "sorts": choices(listing, "sort", _sorts(listing)),
        "decades": decade_choices(listing, "decade", [(f"{first}s", number) for first, number in found["decades"]]),
        "letters": letters(
            listing,
            found["letters"] if listing.alphabetical else [],
            listing.letter or (page.rows and index_letters.letter_label(page.rows[0].sort_title)),
        ),
        "chips": chips(listing, labels),
        "streams": streams(listing, "films"),
        "nearest": nearest,
        "suggestions": suggestions(listing) if not page.rows else [],
        **ways_on(listing, page),
    }
    return render(request, "actors/films.html", context)


def _labels(listing):
    """What narrows the list, in words."""
    labels = {}
    if listing.q:
        labels["q"] = _("“%(query)s”") % {"query": listing.q}
    if listing.decade:
        labels["decade"] = _("Films of the %(decade)s") % {"decade": decade_name(listing.decade)}
    return labels


def _sorts(listing):
    first = {"": _("Best match"), "title": _("By title")} if listing.q else {"": _("By title")}
    return {**first, "year": _("Newest first")}


def _count(number, more):
    """Say how many films there are, in all pages."""
    shown = {"number": number_format(number, force_grouping=True)}
    if more:
        return _("More than %(number)s films") % shown
    return ngettext("%(number)s film", "%(number)s films", number) % shown


def _range(listing, page):
    """Say which part this is: its first and last title, by year with the year; of a search, the places."""
    if page.start is not None:
        return f"{page.start + 1}–{page.start + len(page.rows)}"
    first, last = (str(film) if listing.sort == "year" else film.title for film in (page.rows[0], page.rows[-1]))
    return f"{first} – {last}"


def _tell_languages(films):
    """Give each film the language of its original title: by script, and by where most of its cast are at home."""
    countries = defaultdict(list)
    written = [film.pk for film in films if not film.original_title.isascii()]
    if written:
        for film, country in Credit.objects.order_by().filter(film__in=written).values_list("film", "actor__country"):
            countries[film].append(country)
    for film in films:
        film.original_language = mode(
            language_of_name(film.original_title, country) for country in countries.get(film.pk, [""])
        )
