"""The API's description: OpenAPI 3.1, from the fields, values and bounds that the API itself uses.

https://spec.openapis.org/oas/v3.1.1.html
"""

from functools import cache

from django.db import models
from django.utils.translation import gettext, override
from django_countries import countries

from actors.exports.records import CREDIT_FIELDS, FIELDS, FILM_FIELDS
from actors.fields import NamesField
from actors.listing.actors import DECADE, LIVING, SORTS
from actors.listing.films import SORTS as FILM_SORTS
from actors.listing.params import COUNTED, LONGEST_QUERY, PAGE_SIZE
from actors.models import Actor, Credit, Film
from actors.search.ranking import MOST
from actors.search.suggestions import MOST as SUGGESTED

# Of the description, and so of the promise; see the README.
VERSION = "1"
LAST_ID = 2**31 - 1
TEXT = {"type": "string"}
# PostgreSQL knows no NUL.
WITHOUT_NUL = "^[^\\u0000]*$"


@cache
def description(language: str = "en") -> dict:
    """Return the description, with its texts in ``language``, one of the site's."""
    with override(language):
        return {
            "openapi": "3.1.0",
            "info": {
                "title": "Actorsite",
                "version": VERSION,
                "description": gettext(
                    "Any view of the directory is data too: for reading, without a key, from any origin. "
                    "Names and meanings of fields stay; new fields may be added."
                ),
            },
            "servers": [{"url": "/"}],
            "paths": _paths(),
            "components": {"schemas": _schemas(), "responses": _errors()},
        }


def _paths():
    view = [_query(name) for name in ("q", "country", "living", "born", "sort")]
    places = [_query("after"), _query("before")]
    films = [_query(name, parameters() | film_parameters()) for name in ("q", "decade", "sort")]
    whole_csv = gettext("The same view, whole: CSV (RFC 4180, UTF-8) under a line of names.")
    whole_ndjson = gettext("The same view, whole: a JSON object a line.")
    return {
        "/actors.json": _get(
            "listActors",
            gettext("The directory, %(size)d actors a page.") % {"size": PAGE_SIZE},
            [*view, _query("letter"), *places],
            _json("ActorPage"),
            (400,),
        ),
        "/actors.csv": _get(
            "exportActorsAsCsv",
            whole_csv,
            [*view, _query("raw")],
            {"text/csv": {"schema": TEXT}},
            (400,),
        ),
        "/actors.ndjson": _get(
            "exportActorsAsNdjson",
            whole_ndjson,
            view,
            {"application/x-ndjson": {"schema": TEXT}},
            (400,),
        ),
        "/actors/{id}-{slug}.json": _get(
            "readActor", gettext("One actor, with the films."), _address(), _json("ActorWithFilms"), (404, 410)
        ),
        "/films.json": _get(
            "listFilms",
            gettext("The films, %(size)d a page.") % {"size": PAGE_SIZE},
            [*films, _query("letter"), *places],
            _json("FilmPage"),
            (400,),
        ),
        "/films.csv": _get(
            "exportFilmsAsCsv", whole_csv, [*films, _query("raw")], {"text/csv": {"schema": TEXT}}, (400,)
        ),
        "/films.ndjson": _get(
            "exportFilmsAsNdjson", whole_ndjson, films, {"application/x-ndjson": {"schema": TEXT}}, (400,)
        ),
        "/films/{id}-{slug}.json": _get(
            "readFilm", gettext("One film, with its cast."), _address(), _json("FilmWithCast"), (404,)
        ),
    }


def _get(operation, summary, parameters, content, errors):
    answer = {"description": "OK", "content": content}
    responses = {"200": answer}
    if "application/json" in content:
        answer["headers"] = {"ETag": {"description": "Send it back as `If-None-Match`.", "schema": TEXT}}
        responses["304"] = {"description": "Not changed since the answer that had the ETag of `If-None-Match`."}
    if 404 in errors:
        responses["301"] = {
            "description": "The slug is not that of the name. The right address is in `Location`.",
            "headers": {"Location": {"required": True, "schema": TEXT}},
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


def _json(schema):
    return {"application/json": {"schema": _ref(schema)}}


def _ref(schema):
    return {"$ref": f"#/components/schemas/{schema}"}


def parameters() -> dict:
    """Return what each parameter of a query means and allows: name to (meaning, schema). None is required."""
    # A form sends a field that was left empty as an empty text.
    return {
        "q": (
            gettext("Words, each of which must be in a name."),
            {**TEXT, "maxLength": LONGEST_QUERY, "pattern": WITHOUT_NUL},
        ),
        "country": (
            gettext("A country, as a code of ISO 3166-1."),
            {**TEXT, "enum": ["", *sorted(code for code, _ in countries)]},
        ),
        "living": (gettext("Only the living, or only the dead."), {**TEXT, "enum": ["", *LIVING]}),
        "born": (gettext("A decade of birth, such as 1940s."), {**TEXT, "pattern": f"^({DECADE.pattern})?$"}),
        "sort": (
            gettext("By last or by first name. Without it, a search lists the best first, %(most)d at most.")
            % {"most": MOST},
            {**TEXT, "enum": ["", *SORTS]},
        ),
        "letter": (
            gettext("A page that begins with this letter, or the next that there is; # for what is none. Not with q."),
            {**TEXT, "pattern": WITHOUT_NUL},
        ),
        "after": (gettext("A page that follows, as next names it."), {**TEXT, "pattern": WITHOUT_NUL}),
        "before": (gettext("A page before, as previous names it."), {**TEXT, "pattern": WITHOUT_NUL}),
        "raw": (
            gettext("Leaves a text that a spreadsheet would run as a formula as it is."),
            {**TEXT, "pattern": WITHOUT_NUL},
        ),
    }


def film_parameters() -> dict:
    """Return the same of what is asked of films alone, or in other values than of actors."""
    return {
        "q": (gettext("Words, each of which must be in a title."), parameters()["q"][1]),
        "decade": (gettext("A decade of release, such as 1940s."), parameters()["born"][1]),
        "sort": (
            gettext("By title, or by year, newest first. Without it, a search lists the best first, %(most)d at most.")
            % {"most": MOST},
            {**TEXT, "enum": ["", *FILM_SORTS]},
        ),
    }


def _query(name, of=None):
    meaning, schema = (of or parameters())[name]
    return {"name": name, "in": "query", "description": meaning, "schema": schema}


def _address():
    return [
        {
            "name": "id",
            "in": "path",
            "required": True,
            "schema": {"type": "integer", "minimum": 1, "maximum": LAST_ID},
        },
        {"name": "slug", "in": "path", "required": True, "schema": {**TEXT, "pattern": "^[^/]*$"}},
    ]


def _schemas():
    address = {
        "url": {
            **TEXT,
            "format": "uri",
            "description": gettext("The address of the page; of the data with .json for its last slash."),
        }
    }
    part = _fields(Credit, CREDIT_FIELDS)
    actor, film = {**_fields(Actor, FIELDS), **address}, {**_fields(Film, FILM_FIELDS), **address}
    page = {
        "total": {
            "type": ["integer", "null"],
            "minimum": 0,
            "maximum": COUNTED,
            "description": gettext(
                "How many there are on all pages; null where there are more than %(most)d, "
                "or of a search, best first, more than %(best)d."
            )
            % {"most": COUNTED, "best": MOST},
        },
        "next": {
            "type": ["string", "null"],
            "format": "uri",
            "description": gettext("The next page; null on the last."),
        },
        "previous": {
            "type": ["string", "null"],
            "format": "uri",
            "description": gettext("The page before; null on the first."),
        },
        "suggestions": {
            "type": "array",
            "items": TEXT,
            "maxItems": SUGGESTED,
            "description": gettext("What a search that finds nothing may have meant, for q; nearest first."),
        },
    }
    problem = {
        "type": {**TEXT, "format": "uri-reference"},
        "title": TEXT,
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": TEXT,
    }
    mistakes = {"type": "array", "items": TEXT, "description": "Of a query: every mistake, by its parameter."}
    return {
        "Actor": _object(actor),
        "ActorPage": _object({**page, "actors": _rows("Actor")}),
        "FilmPage": _object({**page, "films": _rows("Film")}),
        "Credit": _object(part),
        "ActorWithFilms": _object(actor | {"films": {"type": "array", "items": _object(film | part)}}),
        "Film": _object(film),
        "FilmWithCast": _object(film | {"cast": {"type": "array", "items": _object(actor | part)}}),
        "Problem": {**_object(problem), "properties": {**problem, "mistakes": mistakes}},
    }


def _rows(schema):
    return {"type": "array", "maxItems": PAGE_SIZE, "items": _ref(schema)}


def _object(properties):
    return {"type": "object", "properties": properties, "required": list(properties)}


def _fields(model, names):
    return {name: _field(model._meta.get_field(name)) for name in names}


def _field(field):
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


def _errors():
    titles = {
        400: "The query is wrong.",
        404: "There is nothing at this address.",
        410: "It was deleted.",
        503: "The database is away.",
    }
    content = {"application/problem+json": {"schema": _ref("Problem")}}
    return {str(status): {"description": title, "content": content} for status, title in titles.items()}
