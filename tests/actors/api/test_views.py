"""The list and the actors as data."""

import csv
import io
import json

import pytest

from actors.models import Actor, Credit, Film

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]


@pytest.fixture
def leungs(db):
    return [
        Actor.objects.create(first_name="Tony", last_name="Leung", native_name=name, birth_year=year, country="HK")
        for name, year in (("梁朝偉", 1962), ("梁家輝", 1958))
    ]


def lines(response):
    return b"".join(response.streaming_content).decode()


def test_json_list_has_all_fields_of_each_actor(client, actor, leungs):
    response = client.get("/actors.json?q=leung&country=HK").json()
    assert response["total"] == 2 and response["next"] is response["previous"] is None
    first = response["actors"][0]
    assert list(first) == [
        *("id", "first_name", "last_name", "native_name", "birth_year", "death_year", "country", "biography"),
        *("version", "last_update", "also_known_as", "url"),
    ]
    assert (first["native_name"], first["death_year"], first["version"]) == ("梁朝偉", None, 1)
    assert first["url"] == f"http://testserver{leungs[0].get_absolute_url()}"
    assert first["last_update"].endswith("Z") and len(first["last_update"]) == 27


def test_json_pages_link_through_all_actors_and_back(client, db):
    Actor.objects.bulk_create(Actor(first_name=f"Number {n:03}") for n in range(120))
    url, seen = "/actors.json", []
    while url:
        response = client.get(url).json()
        seen += [actor["first_name"] for actor in response["actors"]]
        last, url = response, response["next"]
    assert seen == [f"Number {n:03}" for n in range(120)]
    assert client.get(last["previous"]).json()["actors"][0]["first_name"] == "Number 050"


@pytest.mark.slow
def test_csv_and_ndjson_have_all_rows_of_a_list(client, leungs, actor):
    Actor.objects.bulk_create(Actor(first_name=f"Number {n}", biography='A "b",\nc') for n in range(2_100))
    rows = list(csv.DictReader(io.StringIO(lines(client.get("/actors.csv")), newline="")))
    objects = [json.loads(line) for line in lines(client.get("/actors.ndjson")).splitlines()]
    assert len(rows) == len(objects) == 2_103
    assert [{**row, "id": int(row["id"])}["id"] for row in rows] == [row["id"] for row in objects]
    mifune = next(row for row in rows if row["last_name"] == "Mifune")
    assert (mifune["native_name"], mifune["death_year"]) == ("三船敏郎", "1997")
    assert rows[1]["biography"] == objects[1]["biography"]
    assert len(lines(client.get("/actors.csv?q=leung")).splitlines()) == 3


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_cells_are_escaped_unless_raw_is_set(client, start):
    Actor.objects.create(first_name=f"{start}1+1", birth_year=1962)
    safe, raw = (next(csv.DictReader(io.StringIO(lines(client.get(f"/actors.csv{query}"))))) for query in ("", "?raw"))
    assert (safe["first_name"], safe["birth_year"]) == (f"'{start}1+1", "1962")
    assert raw["first_name"] == f"{start}1+1"


def test_json_of_one_actor_includes_the_films(client, actor):
    film = Film.objects.create(title="Seven Samurai", original_title="七人の侍", year=1954)
    Credit.objects.create(actor=actor, film=film, character="Kikuchiyo", billing=1)
    url = f"{actor.get_absolute_url().removesuffix('/')}.json"
    response = client.get(url).json()
    assert response["last_name"] == "Mifune"
    assert response["films"] == [
        {
            "id": film.id,
            "title": "Seven Samurai",
            "original_title": "七人の侍",
            "year": 1954,
            "character": "Kikuchiyo",
            "billing": 1,
            "url": f"http://testserver{film.get_absolute_url()}",
        }
    ]
    record = client.get(response["films"][0]["url"].removesuffix("/") + ".json").json()
    assert [(part["last_name"], part["character"]) for part in record["cast"]] == [("Mifune", "Kikuchiyo")]
    moved = client.get(f"/actors/{actor.pk}-wrong.json")
    assert (moved.status_code, moved["Location"]) == (301, url)


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("living=perhaps", "living must be yes or no"),
        ("country=XX&sort=age", "sort must be last or first"),
        ("after=forged", "after must be copied from a link"),
        ("q=a&q=b", "q is given more than once"),
        ("q=" + "a" * 201, "at most 200 characters"),
    ],
)
@pytest.mark.parametrize("kind", ["json", "csv", "ndjson"])
def test_invalid_query_returns_a_problem_that_names_the_parameter(client, kind, query, named):
    if query.startswith("after") and kind != "json":
        query, named = "living=maybe", "living must be"
    response = client.get(f"/actors.{kind}?{query}")
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert any(named in mistake for mistake in response.json()["mistakes"])


def test_missing_actor_returns_a_404_problem(client, db):
    response = client.get("/actors/99-nobody.json")
    assert (response.status_code, response["Content-Type"], response.json()["status"]) == (
        404,
        "application/problem+json",
        404,
    )


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "trace"])
def test_write_methods_are_refused(client, db, method):
    response = getattr(client, method)("/actors.json")
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD, OPTIONS")
    assert response.json()["title"] == "Method Not Allowed"


def test_cross_origin_reading_is_allowed(client, actor):
    for url in ("/actors.json", "/actors.csv", "/actors.json?sort=age"):
        assert client.get(url)["Access-Control-Allow-Origin"] == "*"
    preflight = client.options("/actors.json")
    assert (preflight.status_code, preflight["Access-Control-Allow-Methods"]) == (204, "GET, HEAD, OPTIONS")


def test_json_page_needs_few_queries(client, leungs, django_assert_max_num_queries):
    with django_assert_max_num_queries(3):
        client.get("/actors.json")


@pytest.mark.parametrize("kind", ["csv", "ndjson"])
def test_head_request_reads_no_rows(client, actor, kind, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.head(f"/actors.{kind}")
    assert (response.status_code, response.getvalue(), response.has_header("Content-Length")) == (200, b"", False)
    whole = client.get(f"/actors.{kind}")
    assert whole.getvalue() and response["Content-Type"] == whole["Content-Type"]
