"""The public views as data. Reading only, for everybody, from any origin."""

from functools import wraps

from django.http import Http404, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import get_object_or_404
from django.views.decorators.csrf import csrf_exempt

from actors.api import openapi
from actors.exports import records
from actors.history.merge_redirects import merged_into
from actors.listing.actors import ActorListing
from actors.listing.films import FilmListing
from actors.listing.params import InvalidParams, number_of
from actors.listing.rows import Recorded
from actors.models import Actor, Change, Film
from actorsite.page_cache.publishing import publish, set_canonical_address, stream_response
from actorsite.problem_details import allow_any_origin, invalid_params_problem, not_found_problem, problem

ALLOWED_METHODS = "GET, HEAD, OPTIONS"


def resource(view):
    """Data for everybody: GET, HEAD and OPTIONS; errors as problem+json."""

    @csrf_exempt
    @wraps(view)
    def answer(request, *args, **kwargs):
        return allow_any_origin(_respond(view, request, *args, **kwargs))

    return answer


def _respond(view, request, *args, **kwargs):
    if request.method == "OPTIONS":
        return HttpResponse(
            status=204, headers={"Allow": ALLOWED_METHODS, "Access-Control-Allow-Methods": ALLOWED_METHODS}
        )
    if request.method not in ("GET", "HEAD"):
        response = problem(
            405, "Method Not Allowed", f"Only {ALLOWED_METHODS} are answered here: the data is read-only."
        )
        response["Allow"] = ALLOWED_METHODS
        return response
    try:
        response = view(request, *args, **kwargs)
    except InvalidParams as error:
        return invalid_params_problem(error.mistakes)
    except Http404:
        return not_found_problem(request)
    return publish(request, response) if response.status_code == 200 else response


def _json_response(value):
    text = value if isinstance(value, str) else records.encode_json(value)
    return HttpResponse(text, content_type="application/json")


@resource
def actors_json(request):
    """A page of the list. ``next`` and ``previous`` are addresses, or null at the ends."""
    rows, body = _list_page(request, ActorListing)
    origin = _origin(request)
    kept = bool(rows) and isinstance(rows[0], Recorded)
    parts = [actor.encoded for actor in rows] if kept else map(records.encode_actor, rows)
    actors = ",".join([f"{before}{origin}{after}" for before, after in parts])
    return _json_response(f'{records.encode_json(body)[:-1]},"actors":[{actors}]}}')


@resource
def films_json(request):
    """A page of the list of films, likewise."""
    rows, body = _list_page(request, FilmListing)
    return _json_response({**body, "films": [_film(request, film) for film in rows]})


def _list_page(request, kind):
    listing = kind.read(request.GET)
    set_canonical_address(request, listing.query_string)
    page = listing.page(data=True)
    number, more = number_of(request, listing, page)
    here = _origin(request) + request.path
    body = {
        # Counting is bounded.
        "total": None if more else number,
        "next": _page_url(here, listing, after=page and page.next),
        "previous": _page_url(here, listing, before=page and page.previous),
    }
    rows = page.rows if page else []
    body["suggestions"] = listing.suggestions() if not rows else []
    return rows, body


def _page_url(here, listing, **token):
    return here + listing.change(**token).query_string if all(token.values()) else None


def _actor(origin, actor):
    record = records.to_record(records.actor_values(actor))
    record["url"] = origin + actor.get_absolute_url()
    return record


def _origin(request):
    return request.build_absolute_uri("/").removesuffix("/")


@resource
def actors_csv(request):
    """The whole list, on all pages, as CSV. ``raw`` leaves a text that looks like a formula as it is."""
    return _csv_response(request, ActorListing, records.ACTOR_FIELDS, "actors.csv")


@resource
def films_csv(request):
    """The whole list of films, likewise."""
    return _csv_response(request, FilmListing, records.FILM_FIELDS, "films.csv")


def _csv_response(request, kind, fields, name):
    raw = "raw" in request.GET
    rows = _all_rows(request, kind, "raw" if raw else "")
    return _file_response(request, records.csv_stream(rows, fields, raw=raw), "text/csv; charset=utf-8", name)


@resource
def actors_ndjson(request):
    """The whole list, on all pages, a JSON object a line."""
    return _ndjson_response(request, ActorListing, records.ACTOR_FIELDS, "actors.ndjson")


@resource
def films_ndjson(request):
    """The whole list of films, likewise."""
    return _ndjson_response(request, FilmListing, records.FILM_FIELDS, "films.ndjson")


def _ndjson_response(request, kind, fields, name):
    return _file_response(
        request, records.ndjson_stream(_all_rows(request, kind), fields), "application/x-ndjson", name
    )


def _all_rows(request, kind, more=""):
    listing = kind.read(request.GET).change()
    query = "&".join(filter(None, (listing.query_string[1:], more)))
    set_canonical_address(request, f"?{query}" if query else "")
    return listing.whole()


def _file_response(request, parts, content_type, name):
    response = stream_response(request, parts, content_type)
    response["Content-Disposition"] = f'inline; filename="{name}"'
    return response


@resource
def actor_json(request, pk, slug=""):
    """One actor, with the films; whatever the slug, there is one address. 410 where there was one that is deleted."""
    actor = Actor.objects.filter(pk=pk).first() or merged_into(int(pk))
    if actor is None and Change.objects.filter(actor_id=pk).exists():
        return problem(410, "Gone", f"The actor at {request.path} was deleted.")
    if actor is None:
        raise Http404
    if actor.pk != int(pk) or actor.slug != slug:
        return HttpResponsePermanentRedirect(f"{actor.get_absolute_url().removesuffix('/')}.json")
    films = [{**_film(request, credit.film), **_credit_fields(credit)} for credit in actor.credits.newest_first()]
    return _json_response({**_actor(_origin(request), actor), "films": films})


@resource
def film_json(request, pk, slug=""):
    """One film with its cast, in order of billing; whatever the slug, there is one address."""
    film = get_object_or_404(Film, pk=pk)
    if film.slug != slug:
        return HttpResponsePermanentRedirect(f"{film.get_absolute_url().removesuffix('/')}.json")
    cast = [
        {**_actor(_origin(request), credit.actor), **_credit_fields(credit)}
        for credit in film.credits.select_related("actor")
    ]
    return _json_response({**_film(request, film), "cast": cast})


def _film(request, film):
    return {
        **records.to_record((getattr(film, name) for name in records.FILM_FIELDS), records.FILM_FIELDS),
        "url": request.build_absolute_uri(film.get_absolute_url()),
    }


def _credit_fields(credit):
    return {name: getattr(credit, name) for name in records.CREDIT_FIELDS}


@resource
def openapi_json(request):
    """The description of all of this, for programs."""
    return _json_response(openapi.description())
