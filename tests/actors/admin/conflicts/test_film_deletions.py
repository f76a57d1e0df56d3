"""Edit conflicts of films with deletions and merges, crafted forms, and conflicts on deletion."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from actors.admin.conflicts.films import MAX_UNSEEN_CHANGES
from actors.admin.films import FilmAdmin
from actors.history.merge import merge_actors
from actors.models import Actor, Change, Credit, Film, FilmChange
from tests.actors.admin.conflicts.test_films import TAKASHI, TOSHIRO, Page, cast, save
from tests.actors.admin.test_films import FILMS, change_url, form, restore_state, seen

pytestmark = pytest.mark.django_db


# Deleted and merged objects


def test_save_of_a_deleted_film_returns_409_with_typed_text(alice, bob, film):
    mine = form(film, title="A new title <b>") | {"credits-0-character": "Mine"}
    pk = film.pk
    bob.post(f"{FILMS}{pk}/delete/", {"post": "yes", "seen": seen(film)})
    page = Page(alice.post(f"{FILMS}{pk}/change/", mine))
    assert "The film was deleted while you were editing" in page.text
    assert "deleted by bob (admin)" in re.sub(r"\s+", " ", page.text)
    assert "A new title &lt;b&gt;" in page.text and "Toshirō Mifune · Mine · 1" in page.text
    assert not page.takes and not Film.objects.exists()


def test_deleted_actor_cannot_be_chosen_in_a_conflict(alice, film, actor):
    third = Actor.objects.create(first_name="Third")
    mine = form(film, new=[(third, "T")]) | {"credits-0-character": "Mine"}
    gone, gone_too = actor.pk, third.pk
    actor.delete()
    third.delete()
    page = Page(alice.post(change_url(film), mine))
    one, other = (f"#{pk} (deleted)" for pk in (gone, gone_too))
    assert page.rows() == {
        one: (f"{one} · Kikuchiyo · 1", "not in the cast", f"{one} · Mine · 1"),
        other: ("not in the cast", "not in the cast", f"{other} · T"),
    }
    assert page.radios["take_line0"] == page.radios["take_line1"] == ["theirs", "mine disabled", "edited"]
    assert not page.takes.keys() & {"line0", "line1"}
    # If it is submitted anyway, the form shows an error.
    response = alice.post(change_url(film), {**page.fields, "take_line0": "mine", "take_line1": "theirs"})
    assert response.status_code == 200 and "This actor was deleted" in response.content.decode()
    other = Actor.objects.create(first_name="Other")
    choices = {"take_line0": "edited", "edited_line0_actor": other.pk, "take_line1": "theirs"}
    save(alice, film, page, **choices)
    assert cast(film) == [("Other", "Mine", 1), TAKASHI]


def test_deleted_actor_in_a_new_credit_shows_error(alice, film):
    third = Actor.objects.create(first_name="Third")
    mine = form(film, new=[(third, "T")])
    third.delete()
    response = alice.post(change_url(film), mine)
    assert response.status_code == 200 and "This actor was deleted" in response.content.decode()
    assert cast(film) == [TAKASHI, TOSHIRO]


def test_conflict_replaces_merged_actor_with_the_survivor(alice, film, actor):
    survivor = Actor.objects.create(first_name="Survivor")
    third = Actor.objects.create(first_name="Third")
    mine = form(film, new=[(third, "T")]) | {"credits-0-character": "Mine"}
    merge_actors((survivor.pk, survivor.version), (actor.pk, actor.version), {}, "bob")
    survivor.refresh_from_db()
    merge_actors((survivor.pk, survivor.version), (third.pk, third.version), {}, "bob")
    page = Page(alice.post(change_url(film), mine))
    assert page.rows() == {
        "Survivor: Character": ("Kikuchiyo", "Kikuchiyo", "Mine"),
        "Survivor": ("not in the cast", "not in the cast", "Survivor · T"),
    }
    save(alice, film, page)
    assert cast(film) == [("Survivor", "Mine", 1), ("Survivor", "T", None), TAKASHI]


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("merged", [False, True])
def test_actor_deleted_or_merged_during_save_is_detected(film, actor, monkeypatch, merged):
    """The form was already validated: the foreign key fails, and a second validation shows the error."""
    User.objects.create_superuser("root")
    alice = Client()
    alice.force_login(User.objects.get())
    third = Actor.objects.create(first_name="Third")
    survivor = Actor.objects.create(first_name="Survivor")
    whole, done = FilmAdmin.save_related, []

    def save_related(self, *arguments):
        whole(self, *arguments)
        if not done:
            done.append(1)
            with ThreadPoolExecutor(1) as other:
                other.submit(go).result()

    def go():
        try:
            if merged:
                merge_actors((survivor.pk, 1), (third.pk, 1), {}, "bob")
            else:
                third.delete()
        finally:
            connection.close()

    monkeypatch.setattr(FilmAdmin, "save_related", save_related)
    response = alice.post(change_url(film), form(film, new=[(third, "T")], year=1999))
    if merged:
        assert response.status_code == 302 and ("Survivor", "T", None) in cast(film)
    else:
        assert response.status_code == 200 and "This actor was deleted" in response.content.decode()
        assert Film.objects.get().year == 1954


# Unknown versions and crafted forms


def test_conflict_without_history_preselects_no_side(alice, film):
    mine = form(film, year=1999)
    FilmChange.objects.all().delete()
    film.credits.filter(billing=1).update(billing=3)
    FilmChange.objects.all().delete()
    page = Page(alice.post(change_url(film), mine))
    assert ">Before<" not in page.text
    assert not page.takes.keys() & {"year", "line0_billing"}


@pytest.mark.parametrize("token", ["", "x", "-1", "9" * 30, "٣", "9999999999"])
def test_form_without_valid_version_preselects_no_side(alice, film, token):
    page = Page(alice.post(change_url(film), form(film, seen=token, year=1999)))
    assert page.rows() == {"Year": ("1954", "1999")}
    assert "year" not in page.takes


def test_conflict_after_too_many_changes_preselects_no_side(alice, film):
    mine = form(film, year=1999)
    FilmChange.objects.bulk_create(
        FilmChange(film_id=film.pk, kind="~", origin="sql", fields="year", before={}, after={})
        for _ in range(MAX_UNSEEN_CHANGES + 1)
    )
    page = Page(alice.post(change_url(film), mine))
    assert "year" not in page.takes and page.rows() == {"Year": ("1954", "1999")}


def test_too_many_differences_are_shown_without_a_form(alice, film):
    people = Actor.objects.bulk_create([Actor(first_name=f"A{n}") for n in range(150)])
    mine = form(film, new=[(actor, "x") for actor in people])
    film.credits.filter(billing=1).update(billing=3)
    page = Page(alice.post(change_url(film), mine))
    assert "Too many conflicting changes to merge here" in page.text and "A149 · x" in page.text
    assert not page.takes


@pytest.mark.parametrize(
    "changes",
    [
        {"line0": "x"}, {"line0": "9" * 30}, {"line0": ""}, {"whole0": "1"}, {"whole0": "x", "take_line0": "edited"},
        {"mine_line0_actor": "9" * 30, "take_line0_actor": "mine"}, {"line1": "1", "mine_line1_billing": "\x00"},
        {"take_line0_character": "sideways"}, {"base": "x", "seen": "9999999999"}, {"seen": ""},
    ],
)  # fmt: skip
def test_manipulated_conflict_form_causes_no_server_error(alice, film, changes):
    mine = form(film) | {"credits-0-character": "Mine"}
    film.credits.filter(billing=1).update(character="Theirs")
    page = Page(alice.post(change_url(film), mine))
    response = alice.post(change_url(film), {**page.fields, **changes})
    assert response.status_code in (200, 302, 409)
    if response.status_code != 302:
        assert ("Toshirō", "Theirs", 1) in cast(film)


# Restoring


def deleted(film):
    """Delete the film; return the history entry to restore it from."""
    pk = film.pk
    film.delete()
    return FilmChange.objects.get(film_id=pk, credit_id=None, kind="-")


def test_restored_credit_of_a_merged_actor_goes_to_the_survivor(alice, film, actor):
    """Regression: the credit used to be lost without a message."""
    survivor = Actor.objects.create(first_name="Survivor")
    middle = Actor.objects.create(first_name="Middle")
    change = deleted(film)
    merge_actors((middle.pk, 1), (actor.pk, 1), {}, "bob")
    merge_actors((survivor.pk, 1), (middle.pk, 1), {}, "bob")
    page = restore_state(alice, change, "before").content.decode()
    assert "Seven Samurai (1954) was restored." in page and "not restored" not in page
    assert cast(Film(pk=change.film_id)) == [("Survivor", "Kikuchiyo", 1), TAKASHI]
    # The same applies to a credit that is restored alone.
    Credit.objects.filter(character="Kikuchiyo").delete()
    first = FilmChange.objects.filter(kind="-", actor_id=actor.pk).get()
    restore_state(alice, first, "before")
    assert cast(Film(pk=change.film_id)) == [("Survivor", "Kikuchiyo", 1), TAKASHI]


def test_restored_credit_of_both_merged_actors_is_stored_once(alice, film, actor):
    other = Actor.objects.create(first_name="Other")
    Credit.objects.create(film=film, actor=other, character="Kikuchiyo", billing=7)
    change = deleted(film)
    merge_actors((actor.pk, 1), (other.pk, 1), {}, "bob")
    assert "not restored" not in restore_state(alice, change, "before").content.decode()
    assert cast(Film(pk=change.film_id)) == [TAKASHI, TOSHIRO]


def test_restore_reports_credits_of_deleted_actors(alice, film, actor):
    change = deleted(film)
    actor.delete()
    page = restore_state(alice, change, "before").content.decode()
    assert "Seven Samurai (1954) was restored." in page
    assert "1 credit was not restored because its actor is deleted. Restore the actor first, then the credit." in page
    assert cast(Film(pk=change.film_id)) == [TAKASHI]
    alice.post(f"/admin/actors/change/{Change.objects.get(kind='-').pk}/restore/", {"restore": "before:"})
    restore_state(
        alice, FilmChange.objects.get(kind="-", credit_id__isnull=False, before__character="Kikuchiyo"), "before"
    )
    assert cast(Film(pk=change.film_id)) == [TAKASHI, TOSHIRO]


def test_restore_reports_credits_of_deleted_films(alice, film, actor):
    actor.delete()
    film.delete()
    response = alice.post(
        f"/admin/actors/change/{Change.objects.get(kind='-').pk}/restore/", {"restore": "before:"}, follow=True
    )
    assert "1 credit was not restored because its film is deleted." in response.content.decode()
    assert Actor.objects.filter(last_name="Mifune").exists() and not Credit.objects.exists()


# Deleting


def test_delete_action_deletes_nothing_if_a_version_is_stale(alice, bob, film):
    other = Film.objects.create(title="Ran")
    chosen = {"action": "delete_selected", "_selected_action": [film.pk, other.pk]}
    page = alice.post(FILMS, chosen).content.decode()
    assert "Delete the selected films?" in page and "Kikuchiyo" in page
    sight = re.search(r'name="seen" value="([^"]+)"', page)[1]
    bob.post(change_url(film), form(film, year=1955))
    refused = alice.post(FILMS, {**chosen, "post": "yes", "seen": sight})
    text = re.sub(r"\s+", " ", refused.content.decode())
    assert refused.status_code == 409 and "Seven Samurai (1955)</a> – changed by bob (admin), 20" in text
    assert "Ran" not in text
    for crafted in ({}, {"seen": f"{other.pk}:{seen(other)}"}, {"seen": sight, "select_across": "1"}):
        assert alice.post(FILMS, {**chosen, "post": "yes", **crafted}).status_code == 409
    assert Film.objects.count() == 2
    sight = re.search(r'name="seen" value="([^"]+)"', alice.post(FILMS, chosen).content.decode())[1]
    assert alice.post(FILMS, {**chosen, "post": "yes", "seen": sight}).status_code == 302
    assert not Film.objects.exists() and not Credit.objects.exists()


def test_stale_deletion_names_the_other_editor(alice, bob, film):
    confirmation = alice.get(f"{FILMS}{film.pk}/delete/").content.decode()
    sight = re.search(r'name="seen" value="(\d+)"', confirmation)[1]
    bob.post(change_url(film), form(film) | {"credits-0-character": "Another"})
    refused = alice.post(f"{FILMS}{film.pk}/delete/", {"post": "yes", "seen": sight})
    assert refused.status_code == 409 and "by bob (admin), 20" in refused.content.decode()
    assert Film.objects.exists()
    film_pk, sight = film.pk, seen(film)
    film.delete()
    gone = alice.post(f"{FILMS}{film_pk}/delete/", {"post": "yes", "seen": sight})
    assert gone.status_code == 409 and "Seven Samurai (deleted)" in re.sub(r"\s+", " ", gone.content.decode())


def test_unnormalized_stored_text_causes_no_conflict(alice, film):
    """Text written by SQL is normalized only when a form is saved."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE actors_film SET title = 'Seven Samurai ' WHERE id = %s", [film.pk])
        cursor.execute("UPDATE actors_credit SET \"character\" = 'Kikuchiyo ' WHERE billing = 1")
    mine = form(film, year="1955")
    Film.objects.filter(pk=film.pk).update(original_title="七人の侍!")
    page = Page(alice.post(change_url(film), mine))
    assert list(page.rows()) == ["Original title", "Year"]
    save(alice, film, page)
    film.refresh_from_db()
    assert (film.title, film.original_title, film.year) == ("Seven Samurai", "七人の侍!", 1955)
    assert {(name, part.strip(), billing) for name, part, billing in cast(film)} == {TOSHIRO, TAKASHI}
