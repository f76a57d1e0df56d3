"""The rows that pages show, and the order of credits."""

import pytest

from actors.history.merge_redirects import current_actor
from actors.listing.rows import cast_credits, film_credits
from actors.models import Actor, Credit, Film

pytestmark = pytest.mark.django_db


def credited(rows):
    """Create an actor and a film, with the credits in ``rows``: (title or name, year, billing); return both."""
    actor, film = Actor.objects.create(first_name="Toni"), Film.objects.create(title="Chunking", year=1994)
    for name, year, billing in rows:
        other = Film.objects.create(title=name, year=year, original_title=f"{name} 電影")
        Credit.objects.create(actor=actor, film=other, character=name.lower(), billing=billing)
        cast = Actor.objects.create(first_name=name, last_name="Leung", native_name="梁", country="HK")
        Credit.objects.create(actor=cast, film=film, character=name.lower(), billing=billing)
    return actor, film


ROWS = [("Beta", 2000, 2), ("Alpha", 2000, None), ("Gamma", None, 1), ("Delta", 2010, 1), ("Beta", 2000, 0)]


def test_film_credits_are_those_of_the_actor_in_the_order_of_the_model():
    actor, _ = credited(ROWS)
    expected = [
        (
            credit.film.id,
            credit.film.title,
            credit.film.original_title,
            credit.film.year,
            credit.character,
            credit.billing,
        )
        for credit in actor.credits.newest_first()
    ]
    assert film_credits(actor) == expected
    assert [credit.title for credit in film_credits(actor)] == ["Delta", "Alpha", "Beta", "Beta", "Gamma"]


def test_cast_credits_are_those_of_the_film_in_the_order_of_the_model():
    _, film = credited(ROWS)
    expected = [
        (
            *(getattr(credit.actor, name) for name in ("id", "first_name", "last_name", "native_name", "country")),
            credit.character,
        )
        for credit in film.credits.select_related("actor")
    ]
    assert cast_credits(film) == expected
    assert [credit.first_name for credit in cast_credits(film)] == ["Beta", "Gamma", "Delta", "Beta", "Alpha"]


def test_current_actor_is_the_same_as_by_the_model(django_assert_num_queries):
    actor, _ = credited(ROWS)
    stored = Actor.objects.get(pk=actor.pk)
    with django_assert_num_queries(1):
        found = current_actor(actor.pk)
        values = {field.name: getattr(found, field.name) for field in Actor._meta.concrete_fields}
    assert values == {field.name: getattr(stored, field.name) for field in Actor._meta.concrete_fields}


@pytest.mark.parametrize("pk", [2**31, 9_999_999_999])
def test_current_actor_of_a_number_in_an_address_that_is_too_large_for_an_id_is_none(pk):
    assert current_actor(pk) is None
