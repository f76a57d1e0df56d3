"""The API's OpenAPI 3.1 description, from the fields, values and limits that the API itself uses.

https://spec.openapis.org/oas/v3.1.1.html
"""

from functools import cache

from django.db import models
from django.utils.translation import gettext, override
from django_countries import countries

from actors.exports.records import ACTOR_FIELDS, CREDIT_FIELDS, FILM_FIELDS
from actors.fields import MAX_ID, NamesField
from actors.listing.actors import ACTOR_SORTS, LIVING_VALUES
from actors.listing.films import FILM_SORTS
from actors.listing.params import DECADE, MAX_COUNTED, MAX_QUERY_LENGTH, PAGE_SIZE
from actors.models import Actor, Credit, Film
from actors.search.ranking import MAX_RANKED
from actors.search.suggestions import MAX_SUGGESTIONS

# The version of this description. docs/reference/api.md says what stays compatible.
API_VERSION = "1"
STRING_SCHEMA = {"type": "string"}
# PostgreSQL's type text cannot store NUL.
WITHOUT_NUL = "^[^\\u0000]*$"


@cache
def description(language: str = "en") -> dict:
    """Return the OpenAPI description in ``language``."""
    with override(language):
        return {
            "openapi": "3.1.0",
            "info": {
                "title": "Actorsite",
                "version": API_VERSION,
                "description": gettext(
                    "Every list and entry is available as data: read-only, without a key, from any origin. Names and "
                    "meanings of fields are stable. New fields may be added."
                ),
            },
            "servers": [{"url": "/"}],
            "paths": _paths(),
            "components": {"schemas": _schemas(), "responses": _error_responses()},
        }


def _paths():
    view = [_query_parameter(name) for name in ("q", "country", "living", "born", "sort")]
    cursors = [_query_parameter("after"), _query_parameter("before")]
    films = [_query_parameter(name, actor_parameters() | film_parameters()) for name in ("q", "decade", "sort")]
    whole_csv = gettext("The complete list as CSV (RFC 4180, UTF-8) with a header line.")
    whole_ndjson = gettext("The complete list as NDJSON, one JSON object per line.")
    return {
        "/actors.json": _get_operation(
            "listActors",
            gettext("Actors, %(size)d per page.") % {"size": PAGE_SIZE},
            [*view, _query_parameter("letter"), *cursors],
            _json_content("ActorPage"),
            (400,),
        ),
        "/actors.csv": _get_operation(
            "exportActorsAsCsv",
            whole_csv,
            [*view, _query_parameter("raw")],
            {"text/csv": {"schema": STRING_SCHEMA}},
            (400,),
        ),
        "/actors.ndjson": _get_operation(
            "exportActorsAsNdjson",
            whole_ndjson,
            view,
            {"application/x-ndjson": {"schema": STRING_SCHEMA}},
            (400,),
        ),
        "/actors/{id}-{slug}.json": _get_operation(
            "readActor",
            gettext("One actor with their films."),
            _path_parameters(),
            _json_content("ActorWithFilms"),
            (404, 410),
        ),
        "/films.json": _get_operation(
            "listFilms",
            gettext("Films, %(size)d per page.") % {"size": PAGE_SIZE},
            [*films, _query_parameter("letter"), *cursors],
            _json_content("FilmPage"),
            (400,),
        ),
        "/films.csv": _get_operation(
            "exportFilmsAsCsv",
            whole_csv,
            [*films, _query_parameter("raw")],
            {"text/csv": {"schema": STRING_SCHEMA}},
            (400,),
        ),
        "/films.ndjson": _get_operation(
            "exportFilmsAsNdjson", whole_ndjson, films, {"application/x-ndjson": {"schema": STRING_SCHEMA}}, (400,)
        ),
        "/films/{id}-{slug}.json": _get_operation(
            "readFilm", gettext("One film with its cast."), _path_parameters(), _json_content("FilmWithCast"), (404,)
        ),
    }


def _get_operation(operation, summary, parameters, content, errors):
    response = {"description": "OK", "content": content}
    responses = {"200": response}
    if "application/json" in content:
        response["headers"] = {"ETag": {"description": "Send it back as `If-None-Match`.", "schema": STRING_SCHEMA}}
        responses["304"] = {"description": "Not changed since the response with the ETag in `If-None-Match`."}
    if 404 in errors:
        responses["301"] = {
            "description": "The slug does not match the name. `Location` has the current URL.",
            "headers": {"Location": {"required": True, "schema": STRING_SCHEMA}},
        }
    responses |= {str(status): {"$ref": f"#/components/responses/{status}"} for status in (*errors, 503)}
    return {
        "get": {
            "operationId": operation,
            "summary": summary,
            "parameters": parameters,
            "responses": dict(sorted(responses.items())),
        }
    }


def _json_content(schema):
    return {"application/json": {"schema": _ref(schema)}}


def _ref(schema):
    return {"$ref": f"#/components/schemas/{schema}"}


def actor_parameters() -> dict:
    """Return {name: (description, schema)} of the query parameters for actors. All are optional."""
    # Empty values are allowed: a form also sends its empty fields.
    return {
        "q": (
            gettext("Search words. Every word must be part of a name."),
            {**STRING_SCHEMA, "maxLength": MAX_QUERY_LENGTH, "pattern": WITHOUT_NUL},
        ),
        "country": (
            gettext("Country, as an ISO 3166-1 alpha-2 code."),
            {**STRING_SCHEMA, "enum": ["", *sorted(code for code, _ in countries)]},
        ),
        "living": (gettext("Only living or only deceased actors."), {**STRING_SCHEMA, "enum": ["", *LIVING_VALUES]}),
        "born": (gettext("Decade of birth, such as 1940s."), {**STRING_SCHEMA, "pattern": f"^({DECADE.pattern})?$"}),
        "sort": (
            gettext("Sort by last or first name. If omitted, a search returns the best %(most)d matches by relevance.")
            % {"most": MAX_RANKED},
            {**STRING_SCHEMA, "enum": ["", *ACTOR_SORTS]},
        ),
        "letter": (
            gettext(
                "Start the page at this letter, or at the next letter that has names. "
                "Use # for names that don't start with a letter. Not allowed with q."
            ),
            {**STRING_SCHEMA, "pattern": WITHOUT_NUL},
        ),
        "after": (gettext("Cursor of a following page, as given in next."), {**STRING_SCHEMA, "pattern": WITHOUT_NUL}),
        "before": (
            gettext("Cursor of a preceding page, as given in previous."),
            {**STRING_SCHEMA, "pattern": WITHOUT_NUL},
        ),
        "raw": (
            gettext("Do not escape text that a spreadsheet would run as a formula."),
            {**STRING_SCHEMA, "pattern": WITHOUT_NUL},
        ),
    }


def film_parameters() -> dict:
    """Return the query parameters for films that differ from those for actors."""
    return {
        "q": (gettext("Search words. Every word must be part of a title."), actor_parameters()["q"][1]),
        "decade": (gettext("Decade of release, such as 1940s."), actor_parameters()["born"][1]),
        "sort": (
            gettext(
                "Sort by title, or by year with the newest first. "
                "If omitted, a search returns the best %(most)d matches by relevance."
            )
            % {"most": MAX_RANKED},
            {**STRING_SCHEMA, "enum": ["", *FILM_SORTS]},
        ),
    }


def _query_parameter(name, of=None):
    meaning, schema = (of or actor_parameters())[name]
    return {"name": name, "in": "query", "description": meaning, "schema": schema}


def _path_parameters():
    return [
        {
            "name": "id",
            "in": "path",
            "required": True,
            "schema": {"type": "integer", "minimum": 1, "maximum": MAX_ID},
        },
        {"name": "slug", "in": "path", "required": True, "schema": {**STRING_SCHEMA, "pattern": "^[^/]*$"}},
    ]


def _schemas():
    url = {
        "url": {
            **STRING_SCHEMA,
            "format": "uri",
            "description": gettext("URL of the page. For the data, replace the last slash with .json."),
        }
    }
    part = _fields(Credit, CREDIT_FIELDS)
    actor, film = {**_fields(Actor, ACTOR_FIELDS), **url}, {**_fields(Film, FILM_FIELDS), **url}
    page = {
        "total": {
            "type": ["integer", "null"],
            "minimum": 0,
            "maximum": MAX_COUNTED,
            "description": gettext(
                "Number of results on all pages. It is null if there are more than %(most)d, or more than "
                "%(best)d in a search by relevance."
            )
            % {"most": MAX_COUNTED, "best": MAX_RANKED},
        },
        "next": {
            "type": ["string", "null"],
            "format": "uri",
            "description": gettext("URL of the next page, or null on the last page."),
        },
        "previous": {
            "type": ["string", "null"],
            "format": "uri",
            "description": gettext("URL of the previous page, or null on the first page."),
        },
        "suggestions": {
            "type": "array",
            "items": STRING_SCHEMA,
            "maxItems": MAX_SUGGESTIONS,
            "description": gettext("Suggested values of q if a search finds nothing, most similar first."),
        },
    }
    problem = {
        "type": {**STRING_SCHEMA, "format": "uri-reference"},
        "title": STRING_SCHEMA,
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": STRING_SCHEMA,
    }
    mistakes = {"type": "array", "items": STRING_SCHEMA, "description": "One message per invalid parameter."}
    return {
        "Actor": _object(actor),
        "ActorPage": _object({**page, "actors": _array_of("Actor")}),
        "FilmPage": _object({**page, "films": _array_of("Film")}),
        "Credit": _object(part),
        "ActorWithFilms": _object(actor | {"films": {"type": "array", "items": _object(film | part)}}),
        "Film": _object(film),
        "FilmWithCast": _object(film | {"cast": {"type": "array", "items": _object(actor | part)}}),
        "Problem": {**_object(problem), "properties": {**problem, "mistakes": mistakes}},
    }


def _array_of(schema):
    return {"type": "array", "maxItems": PAGE_SIZE, "items": _ref(schema)}


def _object(properties):
    return {"type": "object", "properties": properties, "required": list(properties)}


def _fields(model, names):
    return {name: _field_schema(model._meta.get_field(name)) for name in names}


def _field_schema(field):
    if isinstance(field, models.AutoField):
        schema = {"type": "integer", "minimum": 1}
    elif isinstance(field, models.IntegerField):
        schema = {"type": "integer", "minimum": 0}
    elif isinstance(field, models.DateTimeField):
        schema = {"type": "string", "format": "date-time"}
    elif isinstance(field, NamesField):
        schema = {"type": "array", "items": {"type": "string"}}
    elif isinstance(field, models.CharField):
        schema = {"type": "string", "maxLength": field.max_length}
    elif isinstance(field, models.TextField):
        schema = {"type": "string"}
    else:
        raise TypeError(f"{field} has no type in JSON yet.")
    if field.null:
        schema["type"] = [schema["type"], "null"]
    return {**schema, "description": str(field.verbose_name)}


def _error_responses():
    titles = {
        400: "The query string is invalid.",
        404: "This URL does not exist.",
        410: "It was deleted.",
        503: "The database is unavailable. Try again later.",
    }
    content = {"application/problem+json": {"schema": _ref("Problem")}}
    return {str(status): {"description": title, "content": content} for status, title in titles.items()}
