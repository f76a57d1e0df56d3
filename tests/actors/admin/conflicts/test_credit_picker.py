"""Choosing the actor of a credit on a conflict page without JavaScript, by a typed name or id."""

import re

import pytest

from actors.models import Actor, Film
from tests.actors.admin.conflicts.test_films import TAKASHI, TOSHIRO, Page, cast, save
from tests.actors.admin.test_films import change_url, form

pytestmark = pytest.mark.django_db

BOX, WRITTEN, TAKE = "edited_line0_actor", "edited_line0_actor_written", "take_line0_actor"


@pytest.fixture
def fifth():
    return Actor.objects.create(first_name="Fifth", last_name="Element")


@pytest.fixture
def page(alice, film, actor):
    """Return a conflict page about the actor of a credit: "mine" is Third, "theirs" is Fourth."""
    third, fourth = (Actor.objects.create(first_name=name) for name in ("Third", "Fourth"))
    mine = form(film) | {"credits-0-actor": third.pk}
    film.credits.filter(actor=actor).update(actor=fourth)
    return Page(alice.post(change_url(film), mine))


def again(client, film, page, **choices):
    return Page(client.post(change_url(film), {**page.fields, **choices}))


def errors(page):
    return re.findall(r'<p class="errornote" id="written_line\d+_actor">(.*?)</p>', page.text)


THEIRS = ("Fourth", "Kikuchiyo", 1)


@pytest.mark.parametrize("text", [" fifth  ELEMENT ", "{}", "#{}"])
def test_typed_name_or_id_selects_the_actor(alice, film, page, fifth, text):
    assert page.fields[WRITTEN] == ""
    save(alice, film, page, **{TAKE: "edited", WRITTEN: text.format(fifth.pk)})
    assert cast(film) == [("Fifth", "Kikuchiyo", 1), TAKASHI]


def test_typed_name_selects_the_actor_of_an_added_credit(alice, film, fifth):
    mine = form(film, new=[(Actor.objects.create(first_name="Third"), "T")])
    Film.objects.update(year=1955)
    page = Page(alice.post(change_url(film), mine))
    save(alice, film, page, take_line0="edited", take_year="theirs", **{WRITTEN: "Fifth Element"})
    assert cast(film) == [("Fifth", "T", None), TAKASHI, TOSHIRO]


@pytest.mark.parametrize("text", ["Fifth Element", "Third"])  # the second name is already selected in the select box
def test_typed_name_is_kept_if_edit_was_not_chosen(alice, film, page, fifth, text):
    page = again(alice, film, page, **{TAKE: "theirs", WRITTEN: text})
    assert "did not select Edit for Third: Actor." in page.text
    assert page.takes["line0_actor"] == "edited" and page.fields[WRITTEN] == ""
    assert page.fields[BOX] == str(Actor.objects.get(first_name=text.split()[0]).pk)
    save(alice, film, page)
    assert (text.split()[0], "Kikuchiyo", 1) in cast(film)


@pytest.mark.parametrize("take", ["edited", "theirs", "mine"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Fif", "No actor is named “Fif”. Similar names: Fifth Element (#{}). Enter a full name or an ID."),
        ("<b>", "No actor is named “&lt;b&gt;”."),
        ("Twin", "Several actors are named “Twin”: Twin (#{}, 1900–); Twin (#{}). Enter the ID of one of them."),
        ("#9999999", "No actor has the ID 9999999."),
    ],
)
def test_unmatched_name_shows_error_on_the_conflict_page(alice, film, page, fifth, text, expected, take):
    duplicates = [Actor.objects.create(first_name="Twin", birth_year=year) for year in (1900, None)]
    page.fields[BOX] = str(Actor.objects.get(first_name="Fourth").pk)
    page = again(alice, film, page, **{TAKE: take, WRITTEN: text})
    expected = expected.format(*([fifth.pk] if "Fifth" in expected else [duplicate.pk for duplicate in duplicates]))
    assert errors(page) == [expected] and f'<p class="errornote">{expected}</p>' in page.text
    assert page.fields[WRITTEN] == text and page.takes["line0_actor"] == "edited"
    assert page.fields[BOX] == str(Actor.objects.get(first_name="Fourth").pk)
    assert page.rows() == {"Third: Actor": ("Toshirō Mifune", "Fourth", "Third")}
    assert cast(film) == [THEIRS, TAKASHI]
    save(alice, film, page, **{WRITTEN: str(fifth.pk)})
    assert cast(film) == [("Fifth", "Kikuchiyo", 1), TAKASHI]


def test_unmatched_name_can_be_discarded(alice, film, page):
    page = again(alice, film, page, **{TAKE: "edited", WRITTEN: "Nobody"})
    save(alice, film, page, **{TAKE: "theirs", WRITTEN: ""})
    assert cast(film) == [THEIRS, TAKASHI]


def test_typed_name_is_kept_in_a_second_conflict(alice, film, page, fifth):
    film.credits.filter(character="Kambei").update(character="Again")
    Film.objects.update(year=1955)
    page = again(alice, film, page, **{TAKE: "edited", WRITTEN: "Fif"})
    assert page.fields[WRITTEN] == "Fif" and errors(page)[0].startswith("No actor is named “Fif”. Similar names: Fifth")
    assert page.rows()["Fourth: Actor"] == ("Toshirō Mifune", "Fourth", "Fif")
    assert page.radios[TAKE] == ["theirs", "mine disabled", "edited"] and TAKE not in page.fields
    save(alice, film, page, **{TAKE: "edited", WRITTEN: "Fifth Element"})
    assert cast(film) == [("Fifth", "Kikuchiyo", 1), ("Takashi", "Again", 2)] and film.year == 1955


def test_typed_name_is_shown_if_the_film_was_deleted(alice, film, page):
    Film.objects.all().delete()
    assert "Fif · Kikuchiyo · 1" in again(alice, film, page, **{TAKE: "edited", WRITTEN: "Fif"}).text
