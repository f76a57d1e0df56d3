"""The spotlight: five random actors, and the name of the server."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from actors.models import Actor
from tests.actors.web.test_actor_list import names

pytestmark = pytest.mark.django_db


def test_spotlight_shows_five_actors_and_the_server_name(client, settings):
    settings.SERVER_NAME = "web.7"
    Actor.objects.bulk_create(Actor(first_name=f"Number {n}") for n in range(300))
    response = client.get("/spotlight/")
    assert len(set(names(response))) == 5
    assert "served by web.7" in response.content.decode()
    assert response["Cache-Control"] == "no-store"
    assert not response.has_header("ETag")


@pytest.mark.slow
def test_spotlight_can_show_every_actor(client):
    Actor.objects.bulk_create(Actor(first_name=f"Number {n}") for n in range(300))
    drawn = {name for _ in range(100) for name in names(client.get("/spotlight/"))}
    assert len(drawn) > 150


@pytest.mark.parametrize(
    "ids",
    [[], [7], [1, 2, 3], [5, 2_000_000_000], [1, 2, 3, 4, 2_000_000_000], [1, 2, 10**6, 3 * 10**6, 9 * 10**6]],
)
def test_spotlight_works_with_few_actors_and_gaps_between_ids(client, ids):
    Actor.objects.bulk_create(Actor(id=pk, first_name=f"Number {pk}") for pk in ids)
    response = client.get("/spotlight/")
    assert len(names(response)) == min(5, len(ids))


def test_spotlight_does_not_sort_by_random(client):
    Actor.objects.bulk_create(Actor(id=n * 1_000_000, first_name=f"Number {n}") for n in range(1, 300))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert len(names(client.get("/spotlight/"))) == 5
    assert len(queries) <= 5
    assert not any("random" in query["sql"].lower() for query in queries)
