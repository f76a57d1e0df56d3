"""An actor is found by its id, or by the id of an actor that was merged into it."""

import pytest
from django.db import connection

from actors.history.merge_redirects import current_actor
from actors.models import Actor

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]


def values(actor):
    return {field.name: getattr(actor, field.name) for field in Actor._meta.concrete_fields}


def test_current_actor_loads_every_field_in_one_query(actor, django_assert_num_queries):
    stored = Actor.objects.get(pk=actor.pk)
    with django_assert_num_queries(1):
        assert values(current_actor(actor.pk)) == values(stored)


def test_current_actor_ignores_other_columns_of_an_adopted_table(actor):
    """An extra column may have the same name as a property of the model."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE actor ADD COLUMN slug text")
    found = current_actor(actor.pk)
    assert (found, found.slug) == (actor, actor.slug)


@pytest.mark.parametrize("pk", [2**31, 9_999_999_999])
def test_current_actor_is_none_for_a_number_too_large_for_an_id(pk):
    """The URL of an actor allows ten digits, which can exceed the range of an id."""
    assert current_actor(pk) is None
