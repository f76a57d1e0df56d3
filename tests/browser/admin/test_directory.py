"""An editor's work in a real browser."""

import pytest

from actors.models import Actor
from tests.browser.admin.steps import sign_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("carol")]


@pytest.mark.once
@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_form_with_an_error_passes_the_page_check(open_page, check_page, url, size, scheme):
    page = open_page(size, scheme)
    sign_in(page, url)
    page.get_by_label("Year of birth").fill("1066")
    page.get_by_role("button", name="Save", exact=True).first.click()
    page.get_by_text("Enter a year from 1800").wait_for()
    check_page(page)


def test_editor_resolves_conflict_and_restores_older_version(page, check_page):
    sign_in(page, "/admin/actors/actor/")
    page.get_by_role("textbox", name="Search by name").fill("三船")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Mifune, Toshirō").click()
    page.get_by_label("Country").select_option("FR")
    page.get_by_label("Year of birth").fill("1921")

    other = page.context.new_page()  # another tab, another editor
    other.goto(page.url)
    other.get_by_label("Country").select_option("US")
    other.get_by_label("Biography").fill("Changed by another.")
    other.get_by_role("button", name="Save", exact=True).first.click()
    other.wait_for_url("**/admin/actors/actor/*")

    page.get_by_role("button", name="Save", exact=True).first.click()
    page.get_by_role("heading", level=1, name="Toshirō Mifune was changed while you were editing").wait_for()
    check_page(page)
    page.get_by_role("group", name="Country").get_by_label("Keep mine").check()
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/admin/actors/actor/*")
    actor = Actor.objects.get(last_name="Mifune")
    assert (actor.country, actor.birth_year, actor.biography) == ("FR", 1921, "Changed by another.")

    page.goto(f"/admin/actors/actor/{actor.pk}/change/")
    page.get_by_role("link", name="History").click()
    page.get_by_role("button", name="Go back to this version").last.click()
    page.get_by_text("Toshirō Mifune was restored.").wait_for()
    actor.refresh_from_db()
    assert (actor.country, actor.birth_year, actor.version) == ("JP", 1920, 4)


@pytest.mark.once
def test_conflict_in_other_fields_does_not_change_also_known_as(page, check_page):
    sign_in(page)
    lee = Actor.objects.get(first_name="Bruce", last_name="Lee")
    names = lee.also_known_as
    assert " / " in names
    other = page.context.new_page()  # another tab
    for tab in (page, other):
        tab.goto(f"/admin/actors/actor/{lee.pk}/change/")
    other.get_by_label("Year of birth").fill("1941")
    page.get_by_label("Year of birth").fill("1942")
    page.get_by_label("Last name").fill("Li")
    save(other)
    page.get_by_role("button", name="Save", exact=True).first.click()
    page.get_by_role("group", name="Year of birth").get_by_label("Keep mine").check()
    assert page.get_by_role("group", name="Also known as").count() == 0
    check_page(page)
    save_resolution(page)
    lee.refresh_from_db()
    assert (lee.last_name, lee.birth_year, lee.also_known_as) == ("Li", 1942, names)


@pytest.mark.once
@pytest.mark.parametrize("way", ["keep", "edit"])
def test_conflict_in_also_known_as_is_resolved_line_by_line(page, check_page, way):
    sign_in(page)
    lee = Actor.objects.get(first_name="Bruce", last_name="Lee")
    first, second = lee.also_known_as.split(" / ")
    other = page.context.new_page()  # another tab
    for tab in (page, other):
        tab.goto(f"/admin/actors/actor/{lee.pk}/change/")
    other.get_by_label("Also known as").fill(f"{first}\n{second}\nTheirs")
    page.get_by_label("Also known as").fill(f"{first}\n{second}\nMine")
    save(other)
    page.get_by_role("button", name="Save", exact=True).first.click()
    group = page.get_by_role("group", name="Also known as")
    group.get_by_label("Keep mine").check()
    if way == "edit":
        box = group.get_by_role("textbox", name="Also known as")
        assert box.input_value() == f"{first}\n{second}\nMine"
        box.press("Control+End")
        box.press_sequentially("\nTheirs too")  # typing chooses "Edit"
        check_page(page)
    save_resolution(page)
    lee.refresh_from_db()
    assert lee.also_known_as.split(" / ") == [first, second, "Mine", *(["Theirs too"] if way == "edit" else [])]


def save(page):
    page.get_by_role("button", name="Save", exact=True).first.click()
    page.wait_for_url("**/admin/actors/actor/")


def save_resolution(page):
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/admin/actors/actor/")
