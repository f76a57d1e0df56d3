"""The public pages."""

from collections import defaultdict
from functools import cache, wraps
from statistics import mode

from django.conf import settings
from django.http import HttpResponsePermanentRedirect, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from actors.history.merge_redirects import current_actor
from actors.listing.actors import ActorListing
from actors.listing.films import FilmListing
from actors.listing.params import MAX_COUNTED, InvalidParamsError, ListParams, number_of
from actors.listing.rows import cast_credits, film_credits
from actors.models import Actor, Change, Credit, Film
from actors.search.facets import Facets, counts
from actors.text.language import language_of_name
from actors.text.normalize import fold_words
from actors.text.slugs import actor_url, film_url, page_url
from actors.web import filters, presentation, structured_data
from actors.web.origin import site_origin
from actorsite.db.data_version import request_version
from actorsite.page_cache.memoize import memoize_for_version
from actorsite.page_cache.publishing import publish, set_canonical_url

SPOTLIGHT = 5


def public(view):
    """Decorate the view of a public page: allow only GET and HEAD, and make caches revalidate the page."""

    # The view writes nothing, so a forged request does no harm. Without the exemption,
    # a POST would get 403 for its missing CSRF token instead of 405.
    @csrf_exempt
    @require_safe
    @wraps(view)
    def page(request, *args, **kwargs):
        try:
            response = view(request, *args, **kwargs)
        except InvalidParamsError as error:
            response = render(request, "400.html", {"errors": error.errors}, status=400)
        if response.has_header("Cache-Control"):
            return response
        if response.status_code == 200:
            return publish(request, response)
        # Browsers cache a 301 forever, and would redirect in a loop when a name is changed and changed back.
        response["Cache-Control"] = "no-cache"
        return response

    return page


@public
def actor_list(request):
    """Show a page of the list of actors."""
    listing = ActorListing.read(request.GET)
    page, elsewhere = _page_or_redirect(request, listing)
    if elsewhere:
        return elsewhere
    conditions = filters.actor_conditions(listing)
    context = _list_context(request, listing, page, "actors", conditions)
    counted = cache(lambda: _actor_counts(request, listing))
    context["selects"] = lambda: filters.actor_selects(listing, None if context["few"] else counted())
    if listing.best_first:
        context["by_name"] = f"./{listing.change(sort='last').query_string}"
    words = fold_words(listing.q)
    if not page.rows:
        context["nearest"] = presentation.actor_rows(listing.nearest(), listing.sort, words)
        return render(request, "actors/list.html", context)
    number, more = listing.count(page) if page.is_whole or listing.q else _bounded(counted()["whole"])
    context |= {
        "rows": presentation.grouped_rows(
            (initial, presentation.actor_rows(some, listing.sort, words))
            for initial, some in presentation.group_by_initial(page.rows, listing.key if listing.alphabetical else "")
        ),
        "count": presentation.actor_count(number, more),
        "range": presentation.actor_range(listing, page),
    }
    if listing.alphabetical:
        first = getattr(page.rows[0], listing.key)
        context["letters"] = filters.letter_links(listing, counted()["letters"], first)
    return render(request, "actors/list.html", context)


@public
def film_list(request):
    """Show a page of the list of films."""
    listing = FilmListing.read(request.GET)
    page, elsewhere = _page_or_redirect(request, listing)
    if elsewhere:
        return elsewhere
    conditions = filters.film_conditions(listing)
    context = _list_context(request, listing, page, "films", conditions)
    counted = cache(lambda: _film_counts(request, listing))
    context["selects"] = lambda: filters.film_selects(listing, None if context["few"] else counted())
    if listing.best_first:
        context["by_name"] = f"./{listing.change(sort='title').query_string}"
    words = fold_words(listing.q)
    if not page.rows:
        nearest = listing.nearest()
        languages = {film.id: language_of_name(film.original_title, "") for film in nearest}
        context["nearest"] = presentation.film_rows(nearest, languages, words)
        return render(request, "actors/films.html", context)
    languages = _original_languages(page.rows)
    context |= {
        "rows": presentation.grouped_rows(
            (initial, presentation.film_rows(some, languages, words))
            for initial, some in presentation.group_by_initial(page.rows, "sort_title" if listing.alphabetical else "")
        ),
        "count": presentation.film_count(*number_of(request, listing, page)),
        "range": presentation.film_range(listing, page),
    }
    if listing.alphabetical:
        first = page.rows[0].sort_title
        context["letters"] = filters.letter_links(listing, counted()["letters"], first)
    return render(request, "actors/films.html", context)


def _page_or_redirect(request, listing: ListParams):
    """Return (page, None), or (None, redirect) if the browser must load another URL instead."""
    set_canonical_url(request, listing.query_string)
    if listing.is_submitted(request.GET):
        # A form also sends its empty fields. Such a URL is not a permalink, and the page cache does not store its page.
        return None, HttpResponseRedirect(f"./{listing.query_string}")
    page = listing.page()
    # Without rows beyond the cursor, because they were deleted, only the first page can be shown.
    return page, None if page else HttpResponseRedirect(f"./{listing.change().query_string}")


def _list_context(request, listing, page, kind, conditions):
    """Return the part of the template context that the lists of actors and films share."""
    here = request.path + listing.query_string
    version = request_version(request)
    # Search results on a single page need no filters.
    few = bool(listing.q) and page.is_whole and not (page.rows and any(listing.narrow.values()))
    return {
        "section": kind,
        "listing": listing,
        "here": here,
        "canonical": site_origin(request) + here,
        "json": page_url(f"{kind}-json") + listing.query_string,
        "title": " · ".join(conditions.values()),
        "chips": filters.chips(listing, conditions),
        "streams": presentation.streams(listing, kind),
        "suggestions": [] if page.rows else presentation.suggestions(listing),
        "more": page.more,
        "before": page.previous and f"./{listing.change(before=page.previous).query_string}",
        "after": page.next and f"./{listing.change(after=page.next).query_string}",
        "few": few,
        # A new search keeps the filters that have no select.
        "hidden": {name: value for name, value in listing.narrow.items() if value and few},
        # Without a data version, nothing may be cached.
        "version": version,
        "seconds": None if version else 0,
        "selects_key": (kind, few, bool(listing.q), listing.sort, *listing.narrow.values()),
    }


def _bounded(number):
    return min(number, MAX_COUNTED), number > MAX_COUNTED


def _actor_counts(request, listing):
    """Return the result of ``facets.counts``, cached for this data version."""
    # Search results are not counted: their selects have the options of the whole list.
    facets, key = (Facets(), "") if listing.q else (listing.facets, listing.key)
    most = filters.MAX_COUNTED_OF_CHOICE + 1
    return memoize_for_version(request, ("counts", facets, key), lambda: counts(facets, most, MAX_COUNTED + 1, key))


def _film_counts(request, listing):
    """Return the result of ``FilmListing.counts``, cached for this data version."""
    whole = listing.change(q="", sort="")
    most = filters.MAX_COUNTED_OF_CHOICE + 1
    return memoize_for_version(request, ("film counts", whole), lambda: whole.counts(most))


def _original_languages(films):
    """Return {film id: language of the original title}, derived from its script and the countries of the cast."""
    written = {film.id: film.original_title for film in films if not film.original_title.isascii()}
    at_home = defaultdict(list)
    if written:
        for film, country in Credit.objects.order_by().filter(film__in=written).values_list("film", "actor__country"):
            at_home[film].append(country)
    return {film: _language_of_title(title, at_home.get(film)) for film, title in written.items()}


def _language_of_title(title, countries):
    # A film has no country of its own; the countries of its cast are the best evidence of its language.
    return mode(language_of_name(title, country) for country in countries or [""])


@public
def to_list(request):
    """Redirect ``/actors/`` to the list, for visitors who shorten the URL of an actor."""
    query = request.META["QUERY_STRING"]
    return HttpResponsePermanentRedirect(f"{reverse('list')}?{query}" if query else reverse("list"))


@public
def actor(request, pk, slug=""):
    """Show one actor. Redirects for a merged actor or a wrong slug; 410 if the actor was deleted, else 404."""
    actor = current_actor(int(pk))
    if actor is None:
        status = 410 if Change.objects.filter(actor_id=pk).exists() else 404
        return render(request, "404.html", {"status": status}, status=status)
    if actor.pk != int(pk) or actor.slug != slug:
        return HttpResponsePermanentRedirect(actor.get_absolute_url())
    credits, origin, path = film_credits(actor), site_origin(request), actor_url(actor)
    context = {
        "actor": actor,
        "canonical": origin + path,
        "data": _data_url(path),
        "native_name": presentation.native_text(actor.native_name, actor.native_language),
        "other_names": presentation.other_names(actor),
        "facts": presentation.actor_facts(actor),
        "changed": presentation.time_element(actor.last_update),
        "credits": presentation.filmography(credits, actor.country),
        "linked": structured_data.person_json_ld(actor, credits, origin),
        "description": structured_data.actor_summary(actor),
    }
    return render(request, "actors/actor.html", context)


@public
def film(request, pk, slug=""):
    """Show one film with its cast. Redirects if the slug is wrong; 404 if the film does not exist."""
    film = get_object_or_404(Film, pk=pk)
    if film.slug != slug:
        return HttpResponsePermanentRedirect(film.get_absolute_url())
    cast, origin, path = cast_credits(film), site_origin(request), film_url(film)
    language = _language_of_title(film.original_title, [credit.country for credit in cast])
    context = {
        "film": film,
        "canonical": origin + path,
        "data": _data_url(path),
        "original_title": presentation.native_text(film.original_title, language),
        "facts": presentation.film_facts(film),
        "changed": presentation.time_element(film.last_update),
        "cast": presentation.cast_list(cast),
        "linked": structured_data.movie_json_ld(film, cast, origin),
        "description": structured_data.film_summary(film, cast),
    }
    return render(request, "actors/film.html", context)


def _data_url(path):
    return f"{path.removesuffix('/')}.json"


@public
def spotlight(request):
    """Show five random actors, and the name of the server, which shows that requests are distributed."""
    actors = Actor.objects.defer("biography", "search").at_random(SPOTLIGHT)
    context = {"section": "spotlight", "actors": presentation.actor_rows(actors), "server": settings.SERVER_NAME}
    response = render(request, "actors/spotlight.html", context)
    response["Cache-Control"] = "no-store"
    return response
