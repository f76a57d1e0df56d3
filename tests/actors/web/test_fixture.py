"""The actors and films that come with the site: real, varied, and safe to load."""

import json
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import transaction

import actors
from actors.models import Actor, Credit, Film

# All tests run in one worker of pytest-xdist, so that the fixtures are loaded once.
pytestmark = [pytest.mark.sqlite, pytest.mark.slow, pytest.mark.xdist_group("fixture")]

FIXTURES = Path(actors.__file__).parent / "fixtures"


def written(name):
    """Return the rows in the file of a fixture."""
    return json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def loaded_once(django_db_setup, django_db_blocker):
    """Load both fixtures once for this module. Each test runs in a savepoint of this transaction."""
    with django_db_blocker.unblock(), transaction.atomic():
        call_command("loaddata", "actors", "films", verbosity=0)
        yield
        transaction.set_rollback(True)


@pytest.fixture
def loaded(loaded_once, db):
    return Actor.objects.order_by("pk")


@pytest.mark.once
def test_fixture_is_large_and_from_many_countries(loaded):
    assert loaded.count() == len(written("actors")) >= 250
    assert len(set(loaded.exclude(country="").values_list("country", flat=True))) >= 35
    assert loaded.exclude(native_name="").count() >= 40


@pytest.mark.once
def test_fixture_has_living_and_deceased_actors(loaded):
    assert loaded.living().count() >= 100
    assert loaded.deceased().count() >= 100


@pytest.mark.once
def test_fixture_has_mononyms_and_namesakes(loaded):
    assert loaded.filter(last_name="").count() >= 5
    names = Counter(loaded.values_list("first_name", "last_name"))
    shared = {name for name, people in names.items() if people > 1}
    assert {("Tony", "Leung"), ("Vanessa", "Williams"), ("Harrison", "Ford")} <= shared


@pytest.mark.once
def test_fixture_has_no_duplicates(loaded):
    people = Counter(
        loaded.values_list("first_name", "last_name", "native_name", "birth_year", "death_year", "biography")
    )
    assert [person for person, times in people.items() if times > 1] == []


@pytest.mark.once
def test_fixture_actors_are_valid(loaded):
    for actor in loaded:
        actor.full_clean()


def test_fixture_text_is_normalized(loaded):
    """A value that the model normalizes would differ from the file."""
    stored = {
        (model._meta.label_lower, row["id"]): row for model in (Actor, Film, Credit) for row in model.objects.values()
    }
    rows = written("actors") + written("films")
    assert len(rows) == len(stored)
    for row in rows:
        here = stored[row["model"], row["pk"]]
        for name, value in row["fields"].items():
            assert here[name if name in here else f"{name}_id"] == value
            if isinstance(value, str):
                assert unicodedata.is_normalized("NFC", value)
                assert value == value.strip()


def test_fixture_loaded_again_changes_nothing(loaded):
    def everything():
        return [list(model.objects.order_by("pk").values()) for model in (Actor, Film, Credit)]

    before = everything()
    call_command("loaddata", "actors", "films", verbosity=0)
    assert everything() == before


def test_fixture_leaves_adopted_actors_unchanged(loaded):
    """The sample data of the replaced page has the ids 1 to 200."""
    old = Actor.objects.filter(pk__lte=200)
    for pk in (1, 200):
        Actor.objects.create(pk=pk, first_name="Penelope", last_name="Guiness")
    before = list(old.order_by("pk").values())
    call_command("loaddata", "actors", verbosity=0)
    assert list(old.order_by("pk").values()) == before


def test_rows_added_after_the_fixture_get_free_ids(loaded):
    actor, film, credit = (model.objects.order_by("pk").last().pk for model in (Actor, Film, Credit))
    assert Actor.objects.create(first_name="Nobody").pk > actor
    assert Film.objects.create(title="Nothing").pk > film
    assert Credit.objects.create(actor_id=actor, film_id=film, character="No one").pk > credit


@pytest.mark.once
def test_nearly_every_fixture_actor_has_three_films(loaded):
    films = Counter(Credit.objects.values_list("actor", flat=True))
    assert sum(count >= 3 for count in films.values()) >= 0.9 * Actor.objects.count()


@pytest.mark.once
def test_fixture_films_are_unique_and_have_an_actor(loaded):
    films = Counter(Film.objects.values_list("title", "year"))
    assert [film for film, times in films.items() if times > 1] == []
    assert not Film.objects.filter(credits=None).exists()


@pytest.mark.once
def test_fixture_films_and_credits_are_valid(loaded):
    for film in Film.objects.all():
        film.full_clean()
    for credit in Credit.objects.select_related("actor", "film"):
        credit.full_clean()


@pytest.mark.once
def test_fixture_credits_fit_the_actors_lifetimes(loaded):
    for credit in Credit.objects.select_related("actor", "film"):
        first, last = credit.actor.birth_year or 1850, credit.actor.death_year or 2030
        # Some films are released after the death of an actor.
        assert first < credit.film.year <= last + 2, credit


@pytest.mark.once
def test_fixture_billing_is_unique_in_a_film(loaded):
    places = Counter(Credit.objects.exclude(billing=None).values_list("film", "billing"))
    assert [place for place, times in places.items() if times > 1] == []


@pytest.mark.parametrize(
    ("name", "told_apart_by", "film"),
    [
        ("Ford", {"birth_year": 1942}, "Star Wars"),
        ("Ford", {"birth_year": 1884}, "Little Old New York"),
        ("Leung", {"native_name": "梁朝偉"}, "In the Mood for Love"),
        ("Leung", {"native_name": "梁家輝"}, "The Lover"),
        ("Bradley", {"birth_year": 1953}, "Kes"),
    ],
)
def test_fixture_namesakes_have_their_own_films(loaded, name, told_apart_by, film):
    [actor] = Film.objects.get(title=film).actors.filter(last_name=name)
    assert actor == Actor.objects.get(last_name=name, **told_apart_by)


@pytest.mark.once
@pytest.mark.parametrize("name", ["actors", "films"])
def test_fixture_file_is_sorted_and_formatted_for_diffs(name):
    """The file is sorted by kind and id, with one field per line, so that a diff shows only what has changed."""
    kinds = ["actors.actor", "actors.film", "actors.credit"]
    rows = sorted(written(name), key=lambda row: (kinds.index(row["model"]), row["pk"]))
    text = json.dumps(rows, ensure_ascii=False, indent=1) + "\n"
    assert (FIXTURES / f"{name}.json").read_text(encoding="utf-8") == text
