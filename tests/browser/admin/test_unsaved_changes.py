"""Typed text is not lost and does not overwrite changes of other users."""

import time

import pytest

from actors.admin.actors import ActorAdmin
from actors.models import Actor, Credit, Film
from tests.browser.admin.steps import BIOGRAPHY, biography, leaves_without_dialog, save, sign_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("carol")]


def overtake():
    Actor.objects.filter(last_name="Mifune").update(biography="Theirs.")


def test_saving_again_after_going_back_from_a_conflict_is_a_conflict(page, url):
    sign_in(page, url)
    page.get_by_label("Biography").fill(BIOGRAPHY)
    overtake()
    for _ in range(2):
        save(page)
        page.get_by_role("heading", name="was changed while you were editing").wait_for()
        page.go_back()
        assert page.get_by_label("Biography").input_value() == BIOGRAPHY
    assert biography() == "Theirs."

    # A form without typed text has the current data, and asks no question when the page is left.
    page.goto(url)
    page.get_by_label("Country").select_option("FR")
    save(page)
    page.wait_for_url("**/admin/actors/actor/")
    page.go_back()
    page.get_by_label("Country").select_option("US")
    save(page)
    page.wait_for_url("**/admin/actors/actor/")
    assert Actor.objects.get(last_name="Mifune").country == "US"


def test_saving_a_film_again_after_going_back_from_a_conflict_is_a_conflict(page):
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


def test_leaving_a_page_that_was_shown_again_with_unsaved_text_asks_first(page, url):
    sign_in(page, url)
    page.get_by_label("Year of birth").fill("1066")
    save(page)
    page.get_by_text("Enter a year from 1800").wait_for()
    assert not leaves_without_dialog(page)

    page.goto(url)
    page.get_by_label("Biography").fill(BIOGRAPHY)
    overtake()
    save(page)
    page.get_by_role("heading", name="was changed while you were editing").wait_for()
    assert not leaves_without_dialog(page)

    page.goto(url)
    page.get_by_label("Biography").fill(BIOGRAPHY)
    overtake()
    Actor.objects.filter(last_name="Mifune").delete()
    save(page)
    page.get_by_role("heading", name="was deleted while you were editing").wait_for()
    assert not leaves_without_dialog(page)


def test_leaving_a_form_without_unsaved_changes_does_not_ask(page, url):
    sign_in(page, url)
    assert leaves_without_dialog(page)
    page.goto("/admin/actors/film/add/")
    assert leaves_without_dialog(page)
    page.goto("/admin/login/")
    page.goto("/admin/auth/user/add/")
    assert leaves_without_dialog(page)


def click_twice(page, monkeypatch):
    """Click Save, and again while the slow first request is being answered."""

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
def test_second_click_on_save_adds_one_actor(page, monkeypatch):
    sign_in(page, "/admin/actors/actor/add/")
    page.get_by_label("Last name").fill("Onceborn")
    click_twice(page, monkeypatch)
    page.get_by_text("was added successfully").wait_for()
    page.wait_for_timeout(1_500)
    assert Actor.objects.filter(last_name="Onceborn").count() == 1

    # Going back and saving the same form again adds none either. Another name is another actor.
    page.go_back()
    assert page.get_by_label("Last name").input_value() == "Onceborn"
    save(page)
    assert Actor.objects.filter(last_name="Onceborn").count() == 1
    page.go_back()
    page.get_by_label("First name").fill("Setsuko")
    save(page)
    assert Actor.objects.filter(last_name="Onceborn").count() == 2


@pytest.mark.postgresql
def test_second_click_on_save_is_no_conflict(page, url, monkeypatch):
    sign_in(page, url)
    page.get_by_label("Biography").fill(BIOGRAPHY)
    click_twice(page, monkeypatch)
    page.get_by_text("was changed successfully").wait_for()
    assert biography() == BIOGRAPHY


def test_conflict_in_a_popup_stays_in_it_and_closes_it(page):
    actor = Actor.objects.get(last_name="Mifune")
    film = Film.objects.create(title="Rashomon")
    Credit.objects.create(film=film, actor=actor, character="Tajōmaru")
    sign_in(page, f"/admin/actors/film/{film.pk}/change/")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Change selected actor").first.click()
    small = opened.value
    small.get_by_label("Biography").fill(BIOGRAPHY)
    overtake()
    save(small)
    small.get_by_role("heading", name="was changed while you were editing").wait_for()
    assert not small.get_by_role("link", name="Home").is_visible()
    small.get_by_label("Keep mine").check()
    with small.expect_event("close"):
        small.get_by_role("button", name="Save").click()
    assert biography() == BIOGRAPHY
