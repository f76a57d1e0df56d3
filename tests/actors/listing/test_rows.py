"""The credits that SQL returns equal those of the ORM, in the same order."""

import pytest

from actors.listing.rows import cast_credits, film_credits
from actors.models import Actor, Credit, Film

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]

# (title or name, year, billing)
ROWS = [("Beta", 2000, 2), ("Alpha", 2000, None), ("Gamma", None, 1), ("Delta", 2010, 1), ("Beta", 2000, 0)]


@pytest.fixture
def credited(db):
    """Return an actor with a film for each of ROWS, and a film with an actor for each of ROWS."""
    actor, film = Actor.objects.create(first_name="Toni"), Film.objects.create(title="Chunking", year=1994)
    for name, year, billing in ROWS:
        other = Film.objects.create(title=name, year=year, original_title=f"{name} 電影")
        Credit.objects.create(actor=actor, film=other, character=name.lower(), billing=billing)
        cast = Actor.objects.create(first_name=name, last_name="Leung", native_name="梁", country="HK")
        Credit.objects.create(actor=cast, film=film, character=name.lower(), billing=billing)
    return actor, film


def test_film_credits_equal_the_orm_query(credited):
    actor, _ = credited
    names = [f"film__{name}" for name in ("id", "title", "original_title", "year")]
    expected = list(actor.credits.newest_first().values_list(*names, "character", "billing"))
    assert film_credits(actor) == expected
    assert [credit.title for credit in film_credits(actor)] == ["Delta", "Alpha", "Beta", "Beta", "Gamma"]


def test_cast_credits_equal_the_orm_query(credited):
    _, film = credited
    names = [f"actor__{name}" for name in ("id", "first_name", "last_name", "native_name", "country")]
    expected = list(film.credits.values_list(*names, "character"))
    assert cast_credits(film) == expected
    assert [credit.first_name for credit in cast_credits(film)] == ["Beta", "Gamma", "Delta", "Beta", "Alpha"]
