"""Unsaved text is not lost, and does not overwrite changes of other users."""

import time

import pytest

from actors.admin.actors import ActorAdmin
from actors.models import Actor, Credit, Film
from tests.browser.admin.steps import BIOGRAPHY, biography, leaves_without_dialog, save, sign_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("carol")]


def change_biography_as_other_editor():
    Actor.objects.filter(last_name="Mifune").update(biography="Theirs.")


def test_second_save_of_actor_after_going_back_causes_a_conflict(page, url):
    sign_in(page, url)
    page.get_by_label("Biography").fill(BIOGRAPHY)
    change_biography_as_other_editor()
    for _ in range(2):
        save(page)
        page.get_by_role("heading", name="was changed while you were editing").wait_for()
        page.go_back()
        assert page.get_by_label("Biography").input_value() == BIOGRAPHY
    assert biography() == "Theirs."

    # If no text was typed, going back loads the form with the current version, so saving it is no conflict.
    page.goto(url)
    page.get_by_label("Country").select_option("FR")
    save(page)
    page.wait_for_url("**/admin/actors/actor/")
    page.go_back()
    page.get_by_label("Country").select_option("US")
    save(page)
    page.wait_for_url("**/admin/actors/actor/")
    assert Actor.objects.get(last_name="Mifune").country == "US"


def test_second_save_of_film_after_going_back_causes_a_conflict(page):
    film = Film.objects.create(title="Rashomon", year=1950)
    sign_in(page, f"/admin/actors/film/{film.pk}/change/")
    page.locator("[name=title]").fill("Rashōmon, mine")
    Film.objects.filter(pk=film.pk).update(title="Theirs")
    for _ in range(2):
        save(page)
        page.get_by_role("heading", name="was changed while you were editing").wait_for()
        page.go_back()
        assert page.locator("[name=title]").input_value() == "Rashōmon, mine"
    film.refresh_from_db()
    assert film.title == "Theirs"


def test_browser_asks_before_leaving_form_after_error_or_conflict(page, url):
    sign_in(page, url)
    page.get_by_label("Year of birth").fill("1066")
    save(page)
    page.get_by_text("Enter a year from 1800").wait_for()
    assert not leaves_without_dialog(page)

    page.goto(url)
    page.get_by_label("Biography").fill(BIOGRAPHY)
    change_biography_as_other_editor()
    save(page)
    page.get_by_role("heading", name="was changed while you were editing").wait_for()
    assert not leaves_without_dialog(page)

    page.goto(url)
    page.get_by_label("Biography").fill(BIOGRAPHY)
    change_biography_as_other_editor()
    Actor.objects.filter(last_name="Mifune").delete()
    save(page)
    page.get_by_role("heading", name="was deleted while you were editing").wait_for()
    assert not leaves_without_dialog(page)


def test_browser_does_not_ask_before_leaving_unchanged_form(page, url):
    sign_in(page, url)
    assert leaves_without_dialog(page)
    page.goto("/admin/actors/film/add/")
    assert leaves_without_dialog(page)
    page.goto("/admin/login/")
    page.goto("/admin/auth/user/add/")
    assert leaves_without_dialog(page)


def click_twice(page, monkeypatch):
    """Click Save twice, the second time while the first request, made slow, is running."""

    def slowly(log):
        def logged(*arguments):
            time.sleep(1)
            return log(*arguments)

        return logged

    for name in ("log_addition", "log_change"):
        monkeypatch.setattr(ActorAdmin, name, slowly(getattr(ActorAdmin, name)))
    box = page.get_by_role("button", name="Save", exact=True).first.bounding_box()
    for _ in range(2):
        page.mouse.click(box["x"] + 5, box["y"] + 5)
        page.wait_for_timeout(300)
    page.wait_for_url("**/admin/actors/actor/")


@pytest.mark.postgresql
def test_second_click_on_save_adds_no_second_actor(page, monkeypatch):
    sign_in(page, "/admin/actors/actor/add/")
    page.get_by_label("Last name").fill("Onceborn")
    click_twice(page, monkeypatch)
    page.get_by_text("was added successfully").wait_for()
    page.wait_for_timeout(1_500)
    assert Actor.objects.filter(last_name="Onceborn").count() == 1

    # Saving the same form again after going back adds no actor either. With another name, it adds one.
    page.go_back()
    assert page.get_by_label("Last name").input_value() == "Onceborn"
    save(page)
    assert Actor.objects.filter(last_name="Onceborn").count() == 1
    page.go_back()
    page.get_by_label("First name").fill("Setsuko")
    save(page)
    assert Actor.objects.filter(last_name="Onceborn").count() == 2


@pytest.mark.postgresql
def test_second_click_on_save_causes_no_conflict(page, url, monkeypatch):
    sign_in(page, url)
    page.get_by_label("Biography").fill(BIOGRAPHY)
    click_twice(page, monkeypatch)
    page.get_by_text("was changed successfully").wait_for()
    assert biography() == BIOGRAPHY


def test_conflict_in_a_popup_is_resolved_within_the_popup(page):
    actor = Actor.objects.get(last_name="Mifune")
    film = Film.objects.create(title="Rashomon")
    Credit.objects.create(film=film, actor=actor, character="Tajōmaru")
    sign_in(page, f"/admin/actors/film/{film.pk}/change/")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Change selected actor").first.click()
    small = opened.value
    small.get_by_label("Biography").fill(BIOGRAPHY)
    change_biography_as_other_editor()
    save(small)
    small.get_by_role("heading", name="was changed while you were editing").wait_for()
    assert not small.get_by_role("link", name="Home").is_visible()
    small.get_by_label("Keep mine").check()
    with small.expect_event("close"):
        small.get_by_role("button", name="Save").click()
    assert biography() == BIOGRAPHY
