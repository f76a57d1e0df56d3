"""Validation of actors, and the columns that the database maintains."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from actors.models import Actor

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]


def test_edit_raises_version_and_last_change(actor):
    Actor.objects.filter(pk=actor.pk).update(last_update=timezone.now() - timedelta(days=9))
    actor.biography = "An actor."
    actor.save()
    actor.refresh_from_db()
    assert actor.version == 2
    assert timezone.now() - actor.last_update < timedelta(minutes=1)


def test_write_without_changes_leaves_version_and_last_update(actor):
    actor.refresh_from_db()
    before = actor.version, actor.last_update
    actor.save()
    actor.refresh_from_db()
    assert (actor.version, actor.last_update) == before


def test_names_are_stored_in_nfc_and_trimmed():
    actor = Actor.objects.create(first_name="  Pene\u0301lope ", last_name="Cruz\t")
    assert (actor.first_name, actor.last_name) == ("Pen\u00e9lope", "Cruz")
    Actor.objects.bulk_create([Actor(first_name=" e\u0301 ")])
    Actor.objects.filter(pk=actor.pk).update(last_name=" Sa\u0301nchez ")
    actor.refresh_from_db()
    assert actor.last_name == "S\u00e1nchez"
    assert Actor.objects.filter(first_name="\u00e9").exists()
    for marks in ("\u0323\u0302", "\u0302\u0323"):  # the marks make one letter in either order
        assert Actor.objects.create(first_name=f"a{marks}").first_name == "\u1ead"


@pytest.mark.parametrize(
    "character", [*"\x00\x1b\u202e\u2066\n\ud800\u180e\u115f\u1160\u3164\uffa0\ufffe\u2800\U000e0041"]
)
def test_hidden_characters_are_refused_for_every_kind_of_write(actor, character):
    name = f"a{character}b"
    with pytest.raises(ValidationError, match="U\\+"):
        Actor(first_name=name).full_clean()
    with pytest.raises(ValidationError):
        Actor.objects.create(first_name=name)
    with pytest.raises(ValidationError):
        Actor.objects.update(first_name=name)


def test_error_quotes_the_words_next_to_a_hidden_character():
    message = (
        r"biography contains the invisible character U\+202E, .*: “rn in Qingdao, then \ufffdin Tokyo. A long lif”"
    )
    with pytest.raises(ValidationError, match=message):
        Actor(first_name="A", biography="He was born in Qingdao, then\n\u202ein Tokyo. A long life.").full_clean()


def test_invisible_characters_of_word_processors_are_normalized(actor):
    actor.biography = "\ufeffOne\x0btwo\x0cthree\x85four\u2028five\u2029six\tseven\u200e eight\u200f.\r\nnine"
    actor.first_name, actor.last_name = "To\u00adshi\u200bro\u2060", "Mi\tfu\u2028ne\u00ad"
    actor.also_known_as = "A\x0bB\u2028C\ufeff"
    actor.full_clean()
    actor.save()
    actor.refresh_from_db()
    assert actor.biography == "One\ntwo\nthree\nfour\nfive\nsix seven eight.\nnine"
    assert (actor.first_name, actor.last_name, actor.also_known_as) == ("Toshiro", "Mi fu ne", "A / B / C")


def test_name_of_only_invisible_characters_is_empty():
    with pytest.raises(ValidationError, match="Enter a first name"):
        Actor(first_name="\u200b\u2060", last_name="\xad").full_clean()


def test_joiners_of_indic_and_persian_names_are_allowed():
    Actor.objects.create(first_name="می\u200cنا", biography="One.\n\nTwo.")


def test_actor_needs_a_first_or_last_name(actor):
    Actor(first_name="Cher").full_clean()
    Actor(last_name="Totò").full_clean()
    with pytest.raises(ValidationError, match="Enter a first name, a last name, or both"):
        Actor().full_clean()
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE actor SET first_name = '', last_name = ''")


@pytest.mark.parametrize(
    ("birth", "death", "message"),
    [(1066, None, "Enter a year from 1800"), (1950, 1949, "before the year of birth, 1950"), (None, 9999, "to 20")],
)
def test_impossible_years_are_refused(birth, death, message):
    with pytest.raises(ValidationError, match=message):
        Actor(first_name="A", birth_year=birth, death_year=death).full_clean()


def test_unknown_country_code_is_refused():
    Actor(first_name="A", country="HK").full_clean()
    with pytest.raises(ValidationError):
        Actor(first_name="A", country="ZZ").full_clean()
