"""``manage.py seed`` fills an empty directory, once."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import transaction
from django.db.models.signals import post_save

from actors.models import Actor, Film

# All tests run in one worker of pytest-xdist, so that the directory is filled once.
pytestmark = [pytest.mark.sqlite, pytest.mark.slow, pytest.mark.django_db, pytest.mark.xdist_group("seed")]


def seed():
    """Run the command; return what it prints."""
    out = StringIO()
    call_command("seed", stdout=out)
    return out.getvalue().strip()


@pytest.fixture(scope="class")
def seeded_once(django_db_setup, django_db_blocker):
    """Run ``seed`` once for all tests of a class, and yield its output. Each test runs in a savepoint."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield seed()
        transaction.set_rollback(True)


@pytest.fixture
def seeded(seeded_once, db):
    return seeded_once


class TestSeededDirectory:
    def test_empty_directory_is_seeded(self, seeded):
        assert Actor.objects.count() >= 250
        assert Film.objects.filter(title="In the Mood for Love", actors__native_name="梁朝偉").exists()
        assert seeded == f"Loaded {Actor.objects.count()} actors and {Film.objects.count()} films."

    def test_actor_added_after_seed_gets_a_free_id(self, seeded):
        last = Actor.objects.order_by("pk").last().pk
        assert Actor.objects.create(first_name="New").pk > last

    def test_second_seed_changes_nothing(self, seeded):
        edited, deleted = Actor.objects.order_by("pk")[:2]
        Actor.objects.filter(pk=edited.pk).update(biography="Edited.")
        deleted.delete()
        before = list(Actor.objects.order_by("pk").values())
        assert seed() == "The directory is not empty. Nothing was loaded."
        assert list(Actor.objects.order_by("pk").values()) == before


def test_directory_with_one_actor_is_not_changed(actor):
    seed()
    assert Actor.objects.get() == actor


def test_directory_with_one_film_is_not_changed(db):
    film = Film.objects.create(pk=1001, title="Kept")
    seed()
    assert (Film.objects.get(), Actor.objects.count()) == (film, 0)


def test_failed_seed_loads_nothing():
    saved = []

    def fail_at_the_hundredth(**signal):
        saved.append(signal)
        if len(saved) == 100:
            raise RuntimeError("the hundredth")

    post_save.connect(fail_at_the_hundredth, sender=Actor)
    try:
        with pytest.raises(RuntimeError):
            call_command("seed")
    finally:
        post_save.disconnect(fail_at_the_hundredth, sender=Actor)
    assert not Actor.objects.exists()
