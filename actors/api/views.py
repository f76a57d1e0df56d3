"""The public API: lists and entries as JSON, CSV and NDJSON. Read-only, without a key, from any origin."""

from functools import wraps

from django.http import Http404, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import get_object_or_404
from django.views.decorators.csrf import csrf_exempt

from actors.api import openapi, serializers
from actors.exports import records
from actors.history.merge_redirects import current_actor
from actors.listing.actors import ActorListing
from actors.listing.films import FilmListing
from actors.listing.params import InvalidParamsError
from actors.models import Change, Film
from actors.web.origin import site_origin
from actorsite.page_cache.publishing import publish, set_canonical_url, stream_response
from actorsite.problem_details import allow_any_origin, invalid_params_problem, not_found_problem, problem

ALLOWED_METHODS = "GET, HEAD, OPTIONS"


def resource(view):
    """Decorate a view of public data: allow GET, HEAD and OPTIONS from any origin; return errors as problem+json."""

    @csrf_exempt
    @wraps(view)
    def wrapped(request, *args, **kwargs):
        return allow_any_origin(_respond(view, request, *args, **kwargs))

    return wrapped


def _respond(view, request, *args, **kwargs):
    if request.method == "OPTIONS":
        return HttpResponse(
            status=204, headers={"Allow": ALLOWED_METHODS, "Access-Control-Allow-Methods": ALLOWED_METHODS}
        )
    if request.method not in ("GET", "HEAD"):
        response = problem(405, "Method Not Allowed", f"Only {ALLOWED_METHODS} are allowed: the data is read-only.")
        response["Allow"] = ALLOWED_METHODS
        return response
    try:
        response = view(request, *args, **kwargs)
    except InvalidParamsError as error:
        return invalid_params_problem(error.errors)
    except Http404:
        return not_found_problem(request)
    return publish(request, response) if response.status_code == 200 else response


def _json_response(value):
    return HttpResponse(records.encode_json(value), content_type="application/json")


@resource
def actors_json(request):
    """Return a page of actors. ``next`` and ``previous`` are URLs, or null at the ends."""
    rows, page = serializers.serialize_page(request, _read_listing(request, ActorListing))
    origin = site_origin(request)
    return _json_response({**page, "actors": [serializers.serialize_actor(actor, origin) for actor in rows]})


@resource
def films_json(request):
    """Return a page of films. ``next`` and ``previous`` are URLs, or null at the ends."""
    rows, page = serializers.serialize_page(request, _read_listing(request, FilmListing))
    origin = site_origin(request)
    return _json_response({**page, "films": [serializers.serialize_film(film, origin) for film in rows]})


def _read_listing(request, kind):
    listing = kind.read(request.GET)
    set_canonical_url(request, listing.query_string)
    return listing


@resource
def actors_csv(request):
    """Return all pages of the list of actors as CSV. With ``raw``, text that looks like a formula is left unchanged."""
    return _csv_response(request, ActorListing, records.ACTOR_FIELDS, "actors.csv")


@resource
def films_csv(request):
    """Return all pages of the list of films as CSV. ``raw`` has the same effect as for actors."""
    return _csv_response(request, FilmListing, records.FILM_FIELDS, "films.csv")


def _csv_response(request, kind, fields, name):
    raw = "raw" in request.GET
    rows = _all_rows(request, kind, "raw" if raw else "")
    return _file_response(request, records.csv_stream(rows, fields, raw=raw), "text/csv; charset=utf-8", name)


@resource
def actors_ndjson(request):
    """Return all pages of the list of actors as NDJSON, one object per line."""
    return _ndjson_response(request, ActorListing, records.ACTOR_FIELDS, "actors.ndjson")


@resource
def films_ndjson(request):
    """Return all pages of the list of films as NDJSON, one object per line."""
    return _ndjson_response(request, FilmListing, records.FILM_FIELDS, "films.ndjson")


def _ndjson_response(request, kind, fields, name):
    return _file_response(
        request, records.ndjson_stream(_all_rows(request, kind), fields), "application/x-ndjson", name
    )


def _all_rows(request, kind, more=""):
    listing = kind.read(request.GET).change()
    query = "&".join(filter(None, (listing.query_string[1:], more)))
    set_canonical_url(request, f"?{query}" if query else "")
    return listing.whole()


def _file_response(request, parts, content_type, name):
    response = stream_response(request, parts, content_type)
    response["Content-Disposition"] = f'inline; filename="{name}"'
    return response


@resource
def actor_json(request, pk, slug=""):
    """Return one actor with their films.

    Redirect if the actor was merged or the slug is wrong. Return 410 if the actor was deleted.
    """
    actor = current_actor(int(pk))
    if actor is None and Change.objects.filter(actor_id=pk).exists():
        return problem(410, "Gone", f"The actor at {request.path} was deleted.")
    if actor is None:
        raise Http404
    if actor.pk != int(pk) or actor.slug != slug:
        return HttpResponsePermanentRedirect(f"{actor.get_absolute_url().removesuffix('/')}.json")
    origin = site_origin(request)
    films = serializers.serialize_filmography(actor, origin)
    return _json_response({**serializers.serialize_actor(actor, origin), "films": films})


@resource
def film_json(request, pk, slug=""):
    """Return one film with its cast, in order of billing. Redirect if the slug is wrong."""
    film = get_object_or_404(Film, pk=pk)
    if film.slug != slug:
        return HttpResponsePermanentRedirect(f"{film.get_absolute_url().removesuffix('/')}.json")
    origin = site_origin(request)
    return _json_response(
        {**serializers.serialize_film(film, origin), "cast": serializers.serialize_cast(film, origin)}
    )


@resource
def openapi_json(request):
    """Return the OpenAPI description."""
    return _json_response(openapi.description())
