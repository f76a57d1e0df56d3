"""``manage.py seed`` fills an empty directory, once."""

import pytest
from django.core.management import call_command
from django.db.models.signals import post_save

from actors.models import Actor, Film

pytestmark = [pytest.mark.sqlite, pytest.mark.slow, pytest.mark.django_db]


def seed(capsys):
    call_command("seed")
    return capsys.readouterr().out.strip()


def test_an_empty_directory_is_filled(capsys):
    said = seed(capsys)
    assert Actor.objects.count() >= 250
    assert Film.objects.filter(title="In the Mood for Love", actors__native_name="梁朝偉").exists()
    assert said == f"Loaded {Actor.objects.count()} actors and {Film.objects.count()} films."


def test_the_next_actor_gets_an_id_of_its_own(capsys):
    seed(capsys)
    last = Actor.objects.order_by("pk").last().pk
    assert Actor.objects.create(first_name="New").pk > last


def test_a_second_time_changes_nothing(capsys):
    seed(capsys)
    edited, deleted = Actor.objects.order_by("pk")[:2]
    Actor.objects.filter(pk=edited.pk).update(biography="Edited.")
    deleted.delete()
    before = list(Actor.objects.order_by("pk").values())
    assert seed(capsys) == "The directory is not empty: nothing is loaded."
    assert list(Actor.objects.order_by("pk").values()) == before


def test_one_actor_is_enough_to_leave_a_directory_alone(actor, capsys):
    seed(capsys)
    assert Actor.objects.get() == actor


def test_one_film_is_enough_to_leave_a_directory_alone(db, capsys):
    film = Film.objects.create(pk=1001, title="Kept")
    seed(capsys)
    assert (Film.objects.get(), Actor.objects.count()) == (film, 0)


def test_all_or_nothing():
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
