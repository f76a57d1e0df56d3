"""The API's responses match the OpenAPI description."""

import json
import subprocess
import sysconfig
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from actors.models import Actor, Credit, Film
from tests.server import Server, migrated_database


@pytest.fixture
def film(actor):
    film = Film.objects.create(title="Seven Samurai", original_title="七人の侍", year=1954)
    Credit.objects.create(film=film, actor=actor, character="Kikuchiyo", billing=1)
    Credit.objects.create(film=Film.objects.create(title="Undated"), actor=Actor.objects.create(first_name="Cher"))
    return film


@pytest.fixture
def described(client):
    return client.get("/openapi.json").json()


def data_url(subject):
    return f"{subject.get_absolute_url().removesuffix('/')}.json"


def check(described, path, status, body):
    """Validate a response against its schema, and then against the schema without undescribed properties."""
    responses = described["paths"][path]["get"]["responses"]
    description = responses[str(status)]
    if "$ref" in description:
        description = described["components"]["responses"][str(status)]
    (content,) = description["content"].values()
    schema = {**content["schema"], "components": described["components"]}
    for _ in range(2):
        Draft202012Validator(schema, format_checker=FormatChecker()).validate(body)
        schema = {"components": closed(described["components"]), **content["schema"]}


def closed(schema):
    """Return a copy of ``schema`` that allows only the described properties."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    more = {"unevaluatedProperties": False} if schema.get("type") == "object" else {}
    return {**{name: closed(part) for name, part in schema.items()}, **more}


@pytest.mark.django_db
class TestAnswers:
    def test_responses_match_the_description(self, client, described, actor, film):
        cher = Actor.objects.get(first_name="Cher")
        for path, url in [
            ("/actors.json", "/actors.json"),
            ("/actors.json", "/actors.json?q=nobody"),
            ("/actors/{id}-{slug}.json", data_url(actor)),
            ("/actors/{id}-{slug}.json", data_url(cher)),
            ("/films.json", "/films.json"),
            ("/films.json", "/films.json?q=samurai&decade=1950s"),
            ("/films.json", "/films.json?q=samuria"),
            ("/films/{id}-{slug}.json", data_url(film)),
            ("/films/{id}-{slug}.json", data_url(cher.films.get())),
        ]:
            check(described, path, 200, client.get(url).json())

    def test_middle_page_matches_the_description(self, client, described, db):
        Actor.objects.bulk_create(Actor(first_name=f"Number {n:03}") for n in range(120))
        first = client.get("/actors.json").json()
        check(described, "/actors.json", 200, client.get(first["next"]).json())

    def test_errors_match_the_description(self, client, described, db):
        for path, url, status in [
            ("/actors.json", "/actors.json?living=perhaps&country=ZZ", 400),
            ("/actors.csv", "/actors.csv?sort=age", 400),
            ("/actors.ndjson", "/actors.ndjson?q=%00", 400),
            ("/films.json", "/films.json?decade=last&sort=age", 400),
            ("/films.csv", "/films.csv?decade=1950", 400),
            ("/films.ndjson", "/films.ndjson?q=%00", 400),
            ("/actors/{id}-{slug}.json", "/actors/99-nobody.json", 404),
            ("/films/{id}-{slug}.json", "/films/0-nothing.json", 404),
        ]:
            response = client.get(url)
            assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json"), url
            assert response["Access-Control-Allow-Origin"] == "*"
            check(described, path, status, response.json())

    def test_ndjson_lines_and_csv_rows_have_the_described_fields(self, client, described, actor):
        fields = [name for name in described["components"]["schemas"]["Actor"]["properties"] if name != "url"]
        line = client.get("/actors.ndjson").getvalue().decode().splitlines()[0]
        assert list(json.loads(line)) == fields
        assert client.get("/actors.csv").getvalue().decode().splitlines()[0] == ",".join(fields)


@pytest.mark.once
def test_description_is_independent_of_the_user(client, described):
    response = client.get("/openapi.json", headers={"Accept-Language": "zh-CN"})
    assert response.json() == described and response["Access-Control-Allow-Origin"] == "*"
    assert described["openapi"].startswith("3.1.")
    assert "JP" in next(
        parameter["schema"]["enum"]
        for parameter in described["paths"]["/actors.json"]["get"]["parameters"]
        if parameter["name"] == "country"
    )


def test_schemathesis_finds_no_error(tmp_path):
    """Run every check of schemathesis on every operation of a real server with the included actors."""
    tool = Path(sysconfig.get_path("scripts"), "schemathesis")
    config = Path(__file__).with_name("schemathesis.toml")
    with migrated_database(["actors", "films"]) as database, Server(database) as server:
        command = [tool, "--config-file", config, "run", f"{server.url}/openapi.json", "--max-examples", "10"]
        ended = subprocess.run(
            [*command, "--no-color", "--max-time", "20"], cwd=tmp_path, capture_output=True, text=True, timeout=120
        )
        assert ended.returncode == 0, ended.stdout[-6_000:] + ended.stderr[-2_000:]
        assert "8 selected / 8 total" in ended.stdout
