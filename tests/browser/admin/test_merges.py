"""Merging in a real browser."""

import pytest

from actors.models import Actor, Credit, Film
from tests.browser.admin.steps import save_screenshot, sign_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("carol")]


@pytest.mark.parametrize(
    ("size", "scheme", "script"), [("desktop", "light", True), ("phone", "dark", True), ("phone", "light", False)]
)
def test_two_actors_can_be_merged_and_the_merge_undone(open_page, check_page, size, scheme, script):
    first = Actor.objects.get(last_name="Mifune")
    duplicate = Actor.objects.create(first_name="Toshiro", last_name="Mifune", biography="He was.\n\nAnd more.")
    Credit.objects.create(actor=first, film=Film.objects.create(title="Rashomon"))
    page = open_page(size, scheme, java_script_enabled=script)

    def check(name):
        save_screenshot(page, f"merge-{name}-{size}-{scheme}")
        if script:
            check_page(page)

    sign_in(page, "/admin/actors/actor/")
    check("list")
    page.get_by_role("link", name="Possible duplicates").click()
    page.get_by_role("heading", name="Possible duplicates").wait_for()
    check("duplicates")
    page.get_by_role("link", name="Mifune").click()
    page.get_by_role("heading", name="Merge two actors").wait_for()
    check("side-by-side")
    page.get_by_role("group", name="First name").get_by_label(f"#{duplicate.pk}").check()
    page.get_by_role("group", name="Biography").get_by_label(f"#{duplicate.pk}").check()
    page.get_by_role("button", name="Merge").press("Enter")
    page.get_by_text("You can undo it here.").wait_for()
    check("merged")
    merged = Actor.objects.get(last_name="Mifune")
    assert (merged.pk, str(merged), merged.biography) == (first.pk, "Toshiro Mifune", "He was.\n\nAnd more.")
    page.get_by_role("link", name="You can undo it here.").click()
    page.get_by_role("button", name="Undo").press("Enter")
    page.get_by_text("Undone: 1 changed actor reverted, 1 deleted actor undeleted.").wait_for()
    assert Actor.objects.filter(last_name="Mifune").count() == 2
