"""The public pages."""

from functools import cache, lru_cache, wraps
from itertools import groupby
from statistics import mode

from django.conf import settings
from django.http import HttpResponsePermanentRedirect, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from django_countries import countries

from actors.history.merge_redirects import merged_into
from actors.listing.actors import DECADE, ActorListing
from actors.listing.params import MAX_COUNTED, InvalidParams
from actors.models import Actor, Change, Film
from actors.search.facets import Facets, counts
from actors.text import index_letters
from actors.text.countries import country_name, country_order
from actors.text.language import language_of_name
from actors.text.normalize import fold_words
from actors.text.slugs import page_url
from actors.web import frames, structured_data
from actors.web.rows import groups_of
from actorsite.page_cache.memoize import memoize_for_version
from actorsite.page_cache.publishing import publish, set_canonical_address

SPOTLIGHT = 5
# Beside a choice no more are counted.
COUNTED_OF_CHOICE = 99


def public(view):
    """A page for everybody: GET and HEAD only, asked for anew each time."""

    # Nothing is written, so there is nothing to forge: without the exemption
    # a POST would get 403 for its lack of a token, and not 405.
    @csrf_exempt
    @require_safe
    @wraps(view)
    def page(request, *args, **kwargs):
        try:
            response = view(request, *args, **kwargs)
        except InvalidParams as error:
            response = render(request, "400.html", {"mistakes": error.mistakes}, status=400)
        if response.has_header("Cache-Control"):
            return response
        if response.status_code == 200:
            return publish(request, response)
        # A browser would keep even a 301 for good, and go in circles when a name is changed and changed back.
        response["Cache-Control"] = "no-cache"
        return response

    return page


@public
def actor_list(request):
    """The list: searched, filtered, sorted, a page at a time."""
    listing = ActorListing.read(request.GET)
    set_canonical_address(request, listing.query_string)
    page = listing.page()
    if page is None:
        return HttpResponseRedirect(f"./{listing.change().query_string}")
    counted = cache(lambda: _counts(request, listing))
    if not page.rows:
        return render(
            request,
            "actors/list.html",
            {**_around(listing, counted, listing.letter, page.more, bool(listing.q)), **_nobody(request, listing)},
        )
    here = request.path + listing.query_string
    values = {
        "here": here,
        "canonical": request.build_absolute_uri(here),
        "json": page_url("actors-json") + listing.query_string,
        "groups": groups_of(groups(page.rows, "" if listing.q else listing.key), listing.sort, fold_words(listing.q)),
        "count": _count(*_number(listing, page, counted)),
        "range": _range(listing, page) if page.previous or page.next else "",
        **ways_on(listing, page),
    }
    chosen = listing.letter or index_letters.letter_label(getattr(page.rows[0], listing.key))
    # What a search finds, and one page shows, is narrowed at a glance.
    few = bool(listing.q) and not (page.previous or page.next or any(listing.narrow.values()))
    kind = listing.change(q="?" if listing.q else ""), chosen, page.more, few
    return frames.render(
        request,
        "actors/list.html",
        kind,
        values,
        lambda typed: _around(listing.change(q=typed), counted, chosen, page.more, few),
        listing.q,
    )


@public
def to_list(request):
    """The list has the address above those of the actors too, where one looks for it who shortens one of them."""
    query = request.META["QUERY_STRING"]
    return HttpResponsePermanentRedirect(f"{reverse('list')}?{query}" if query else reverse("list"))


def _number(listing, page, counted):
    """Return what ``listing.count`` does, but of what is ``counted`` around the list."""
    if listing.q or not (page.previous or page.next):
        return listing.count(page)
    number = counted()["whole"]
    return min(number, MAX_COUNTED), number > MAX_COUNTED


def _counts(request, listing):
    """Return what ``facets.counts`` does, once for a version of the data."""
    # What a search finds is not counted: its choices are those of the whole list.
    facets, key = (Facets(), "") if listing.q else (listing.facets, listing.key)
    return memoize_for_version(
        request, ("counts", facets, key), lambda: counts(facets, COUNTED_OF_CHOICE + 1, MAX_COUNTED + 1, key)
    )


def _around(listing, counted, letter="", more=False, few=False):
    """Return what is around the rows, on every page of the list.

    ``counted`` is asked for the choices. ``letter`` is where one is, ``more`` are found; where they are ``few``,
    there is nothing to narrow.
    """
    labels = _labels(listing)
    around = {
        "listing": listing,
        "title": " · ".join(labels.values()),
        "more": more,
        "by_name": f"./{listing.change(sort='last').query_string}" if listing.best_first else "",
        "sorts": choices(listing, "sort", _sorts(listing)),
        "chips": chips(listing, labels),
        "streams": streams(listing, "actors"),
    }
    if few:
        return around
    found = counted()
    return {
        **around,
        "livings": choices(
            listing,
            "living",
            {"": _("All"), "yes": _("Living"), "no": _("Deceased")},
            {"": sum(number for _value, number in found["living"]), **dict(found["living"])},
        ),
        "borns": decade_choices(listing, "born", found["born"]),
        "countries": _country_choices(listing, found["country"]),
        "letters": letters(listing, found["letters"], letter),
    }


def _nobody(request, listing):
    here = request.path + listing.query_string
    return {
        "here": here,
        "canonical": request.build_absolute_uri(here),
        "json": page_url("actors-json") + listing.query_string,
        "words": fold_words(listing.q),
        "nearest": listing.nearest(),
        "suggestions": suggestions(listing),
    }


def letters(listing, found, here):
    """The choices of the letters ``found``, to jump to in the list, ``here`` being that of the first row."""
    return [
        {"label": letter, "url": f"./{listing.change(letter=letter).query_string}", "chosen": letter == here}
        for letter in found
    ]


def suggestions(listing):
    """What a search that finds nothing may have meant, each with the address of its list."""
    # Folded, they are all lower case.
    return [
        {"label": " ".join(map(str.capitalize, query.split(" "))), "url": f"./{listing.change(q=query).query_string}"}
        for query in listing.suggestions()
    ]


def ways_on(listing, page):
    """The addresses of the pages ``before`` and ``after`` this one; empty at the ends."""
    return {
        side: f"./{listing.change(**{side: token}).query_string}" if token else ""
        for side, token in (("before", page.previous), ("after", page.next))
    }


def streams(listing, kind):
    """The view as data, of all its pages; that of this page alone is JSON."""
    return [
        {
            "label": label,
            "type": content_type,
            "url": page_url(f"{kind}-{label.lower()}") + listing.change().query_string,
        }
        for label, content_type in (("CSV", "text/csv"), ("NDJSON", "application/x-ndjson"))
    ]


def _labels(listing):
    """What narrows the list, in words."""
    labels = {}
    if listing.q:
        labels["q"] = _("“%(query)s”") % {"query": listing.q}
    if listing.country:
        labels["country"] = countries.name(listing.country)
    if listing.living:
        labels["living"] = _("Living") if listing.living == "yes" else _("Deceased")
    if listing.born:
        labels["born"] = _("Born in the %(decade)s") % {"decade": decade_name(listing.born)}
    return labels


def _sorts(listing):
    if listing.q:
        return {"": _("Best match"), "last": _("By last name"), "first": _("By first name")}
    return {"": _("By last name"), "first": _("By first name")}


def _count(number, more):
    """Say how many actors there are, in all pages."""
    shown = {"number": number_format(number, force_grouping=True)}
    if more:
        return _("More than %(number)s actors") % shown
    return ngettext("%(number)s actor", "%(number)s actors", number) % shown


def groups(rows, key):
    """Return (initial, rows) in order, as a printed directory has them; without initial where ``key`` is empty."""
    if not key:
        return [("", rows)] if rows else []
    return [(initial, list(group)) for initial, group in groupby(rows, lambda row: _initial(getattr(row, key)[:1]))]


@lru_cache(1_024)
def _initial(letter):
    return letter.upper() if letter.isalpha() else "#"


def _range(listing, page):
    """Say which part this is: its first and last name, as in the head of a dictionary; of a search, the places."""
    if page.start is not None:
        return f"{page.start + 1}–{page.start + len(page.rows)}"
    first, last = (
        (actor.first_name or actor.last_name) if listing.sort == "first" else (actor.last_name or actor.first_name)
        for actor in (page.rows[0], page.rows[-1])
    )
    return f"{first} – {last}"


def choices(listing, name, labels, numbers=None):
    """Return the values that ``name`` may take, each with the address of the list that it gives.

    With ``numbers``, where the list is not searched, also with how many are on it.
    """
    return [
        {
            "label": label,
            "url": f"./{listing.change(**{name: value}).query_string}",
            "chosen": getattr(listing, name) == value,
            "number": _bounded(numbers[value]) if numbers and not listing.q else "",
        }
        for value, label in labels.items()
    ]


def _bounded(number):
    return f"{COUNTED_OF_CHOICE}+" if number > COUNTED_OF_CHOICE else str(number)


def decade_choices(listing, name, found):
    """The choices of the decades ``found``, which are (decade, number)."""
    found = {decade: number for decade, number in _leading(listing, name, found) if DECADE.fullmatch(decade)}
    return choices(listing, name, {decade: decade_name(decade) for decade in found}, found)


def _country_choices(listing, found):
    """The choices of the countries ``found``, which are (code, number), by name."""
    language, found = get_language(), dict(_leading(listing, "country", found))
    names = {code: country_name(code, language) for code in found}
    return choices(
        listing, "country", dict(sorted(names.items(), key=lambda item: country_order(item[1], language))), found
    )


def _leading(listing, name, found):
    """Those of ``found`` that lead to somebody, and the one that is chosen."""
    return [(value, number) for value, number in found if number or getattr(listing, name) == value]


def decade_name(decade):
    return _("%(decade)ss") % {"decade": decade.removesuffix("s")}


def chips(listing, labels):
    """What narrows the list, by ``labels``, each with the address of the list without it."""
    return [{"label": label, "url": f"./{listing.change(**{name: ''}).query_string}"} for name, label in labels.items()]


@public
def actor(request, pk, slug=""):
    """One actor; whatever the slug, there is one address. 410 where there was one that is deleted."""
    actor = Actor.objects.filter(pk=pk).first() or merged_into(int(pk))
    if actor is None:
        status = 410 if Change.objects.filter(actor_id=pk).exists() else 404
        return render(request, "404.html", {"status": status}, status=status)
    if actor.pk != int(pk) or actor.slug != slug:
        return HttpResponsePermanentRedirect(actor.get_absolute_url())
    credits = list(actor.credits.newest_first())
    context = {
        "actor": actor,
        "canonical": request.build_absolute_uri(actor.get_absolute_url()),
        "data": _data_url(actor),
        "country_url": reverse("list") + ActorListing(country=actor.country).query_string,
        "born_url": _decade_url("list", "born", actor.birth_year),
        "credits": credits,
        "linked": structured_data.person_json_ld(actor, credits, request.build_absolute_uri),
        "description": structured_data.actor_summary(actor),
    }
    return render(request, "actors/actor.html", context)


@public
def film(request, pk, slug=""):
    """One film with its cast; whatever the slug, there is one address."""
    film = get_object_or_404(Film, pk=pk)
    if film.slug != slug:
        return HttpResponsePermanentRedirect(film.get_absolute_url())
    credits = list(film.credits.select_related("actor"))
    context = {
        "film": film,
        "canonical": request.build_absolute_uri(film.get_absolute_url()),
        "data": _data_url(film),
        "decade_url": _decade_url("films", "decade", film.year),
        "credits": credits,
        "original_language": _original_language(film, credits),
        "linked": structured_data.movie_json_ld(film, credits, request.build_absolute_uri),
        "description": structured_data.film_summary(film, credits),
    }
    return render(request, "actors/film.html", context)


def _original_language(film, credits):
    # A film has no country of its own; where most of its cast are at home is the best sign of its language.
    return mode(credit.title_language for credit in credits) if credits else language_of_name(film.original_title, "")


def _decade_url(view, name, year):
    """Return the address of the list of the decade of ``year``; none where no list can be narrowed to it."""
    decade = f"{year // 10}0s" if year else ""
    return f"{reverse(view)}?{name}={decade}" if DECADE.fullmatch(decade) else ""


def _data_url(subject):
    return f"{subject.get_absolute_url().removesuffix('/')}.json"


@public
def spotlight(request):
    """Five actors by lot, and who served them: it shows an operator that requests are spread."""
    context = {"actors": Actor.objects.for_lists().at_random(SPOTLIGHT), "server": settings.SERVER_NAME}
    response = render(request, "actors/spotlight.html", context)
    response["Cache-Control"] = "no-store"
    return response
