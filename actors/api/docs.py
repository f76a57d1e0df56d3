"""The API documentation page, generated from the OpenAPI description."""

import shlex

from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language

from actors.api import openapi
from actors.models import Actor, Film
from actors.web.views import public

# The query strings of the examples, by view name.
EXAMPLES = {"actors-json": "?q=leung&living=yes", "actors-csv": "?country=JP", "actors-ndjson": "?sort=first"}
EXAMPLES |= {"films-json": "?q=samurai", "films-csv": "?decade=1950s", "films-ndjson": "?sort=year"}
# If a parameter has more values, as the country does, they are not listed.
MAX_LISTED_VALUES = 4


@public
def api_docs(request):
    """Show every URL of the API with its parameters and a curl command, and every field."""
    described = openapi.description(get_language())
    examples = _examples()
    operations = [
        {
            "path": path,
            "id": operation["operationId"],
            "summary": operation["summary"],
            "parameters": [_parameter(entry) for entry in operation["parameters"] if entry["in"] == "query"],
            "curl": f"curl {shlex.quote(request.build_absolute_uri(examples[path]))}",
        }
        for path, operation in ((path, item["get"]) for path, item in described["paths"].items())
    ]
    schemas = [
        {
            "name": name,
            "fields": [_field_row(*entry) for entry in described["components"]["schemas"][name]["properties"].items()],
        }
        for name in ("Actor", "Film", "Credit", "ActorPage", "FilmPage")
    ]
    context = {
        "about": described["info"]["description"],
        "operations": operations,
        "schemas": schemas,
        "canonical": request.build_absolute_uri(request.path),
    }
    return render(request, "actors/api.html", context)


def _examples():
    """Return an example URL for each path. Paths with an id get the first actor and the first film."""
    actor, film = (model.objects.order_by("id").first() for model in (Actor, Film))
    return {
        **{reverse(name): reverse(name) + query for name, query in EXAMPLES.items()},
        "/actors/{id}-{slug}.json": f"{(actor or Actor(id=1)).get_absolute_url().removesuffix('/')}.json",
        "/films/{id}-{slug}.json": f"{(film or Film(id=1)).get_absolute_url().removesuffix('/')}.json",
    }


def _parameter(entry):
    values = [value for value in entry["schema"].get("enum", ()) if value]
    return {**entry, "values": values if len(values) <= MAX_LISTED_VALUES else []}


def _field_row(name, schema):
    kind = schema.get("type")
    return {
        "name": name,
        "type": " | ".join(kind) if isinstance(kind, list) else kind,
        "description": schema.get("description", ""),
    }
