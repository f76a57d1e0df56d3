"""An editor's day, from signing in with the second factor to signing out.

The variable SCREENSHOTS names a folder for a screenshot of each step.
"""

import csv
import io
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from actors.models import Actor, Change, Film
from tests.actorsite.accounts.test_mfa import code_of, key_shown, next_code
from tests.browser.admin.steps import log_in, save, save_screenshot
from tests.browser.navigation import follow

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("carol")]


@pytest.fixture
def check_step(page, check_page):
    """Return a function that takes a screenshot after a step and checks the page."""
    steps = []

    def check_step(step):
        steps.append(step)
        save_screenshot(page, f"day-{len(steps):02}-{step}")
        check_page(page)

    return check_step


def preview_import(page, name, content):
    page.goto("/admin/actors/batch/add/")
    page.get_by_label("File").set_input_files({"name": name, "mimeType": "text/csv", "buffer": content.encode()})
    page.get_by_role("button", name="Preview import").click()
    page.get_by_role("heading", name=f"Preview of {name}").wait_for()


def test_editor_completes_a_whole_day_of_work(page, check_step, settings, open_page):
    settings.STAFF_SECOND_FACTOR = "required"
    settings.ENVIRONMENT_LABEL = "trial"

    # First sign-in: no page opens before a second factor is set up.
    page.goto("/admin/")
    log_in(page)
    page.get_by_text("This site requires a second factor").wait_for()
    check_step("enrollment")
    page.get_by_role("link", name="Set up an authenticator app").click()
    page.get_by_role("textbox", name="Code").wait_for()
    check_step("qr-code")
    app = key_shown(page.content())
    page.get_by_role("textbox", name="Code").fill(code_of(app))
    page.get_by_role("button", name="Set up").click()
    page.get_by_role("button", name="Create recovery codes").click()
    page.locator(".codes code").first.wait_for()
    check_step("recovery-codes")
    follow(page.get_by_role("button", name="Log out"))

    # Sign in with the second factor.
    page.goto("/admin/")
    log_in(page)
    page.get_by_role("heading", level=1, name="Second factor").wait_for()
    check_step("check")
    page.get_by_role("textbox", name="Code").fill(next_code("carol"))
    page.get_by_role("button", name="Continue").click()
    page.get_by_text("Needs attention").wait_for()
    check_step("front-page")

    # Find and edit an actor.
    page.goto("/admin/actors/actor/")
    page.get_by_role("textbox", name="Search by name").fill("三船")
    page.get_by_role("button", name="Search").click()
    found = page.get_by_role("link", name="Mifune, Toshirō")
    page.wait_for_url("**/?q=*")
    found.wait_for()
    check_step("found")
    found.click()
    page.get_by_label("Country").select_option("FR")
    page.get_by_label("Year of birth").fill("1921")
    check_step("form")

    # Another editor saves first: resolve the conflict.
    actor = Actor.objects.get(last_name="Mifune")
    Actor.objects.filter(pk=actor.pk).update(country="US", biography="By another.")
    save(page)
    page.get_by_role("heading", level=1, name="Toshirō Mifune was changed while you were editing").wait_for()
    check_step("conflict")
    page.get_by_role("group", name="Country").get_by_label("Keep mine").check()
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/admin/actors/actor/*")
    actor.refresh_from_db()
    assert (actor.country, actor.birth_year, actor.biography) == ("FR", 1921, "By another.")

    # Add a film and its cast, with an actor from autocompletion.
    page.goto("/admin/actors/film/add/")
    page.get_by_label("Title", exact=False).first.fill("Red Sun")
    page.get_by_label("Year", exact=False).first.fill("1971")
    page.locator(".field-actor .select2-selection").first.click()
    page.locator(".select2-search__field").last.fill("mifune")
    page.get_by_role("option", name="Toshirō Mifune").click()
    page.locator("#id_credits-0-character").fill("Kuroda")
    check_step("film")
    save(page)
    page.wait_for_url("**/admin/actors/film/*")
    assert Film.objects.get(title="Red Sun").credits.get().actor == actor

    # Preview a file with errors, import one without errors, and undo the import.
    preview_import(page, "wrong.csv", "first name,year of birth\nAda,1066\nEve,soon\n")
    page.get_by_text("2 errors in 2 rows").wait_for()
    check_step("import-errors")
    corrected = f"{actor.pk},{actor.version},Toshirō,1920"
    preview_import(page, "right.csv", f"id,version,first name,year of birth\n{corrected}\n,,Zelda,1900\n")
    page.get_by_text("1 to add, 1 to change").wait_for()
    check_step("import-right")
    page.get_by_role("button", name="Import", exact=True).click()
    page.get_by_text("Imported: 1 added, 1 changed.").wait_for()
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("Undone: 1 added actor removed, 1 changed actor reverted.").wait_for()
    check_step("import-undone")
    actor.refresh_from_db()
    assert actor.birth_year == 1921 and not Actor.objects.filter(first_name="Zelda").exists()

    # Merge two entries of one actor, and undo the merge.
    duplicate = Actor.objects.create(first_name="Toshiro", last_name="Mifune")
    page.goto("/admin/")
    page.get_by_role("link", name="Possible duplicates").click()
    page.get_by_role("link", name="Mifune").first.wait_for()
    check_step("duplicates")
    page.get_by_role("link", name="Mifune").click()
    page.get_by_role("heading", name="Merge two actors").wait_for()
    check_step("merge")
    page.get_by_role("button", name="Merge").click()
    page.get_by_text("You can undo it here.").wait_for()
    assert not Actor.objects.filter(pk=duplicate.pk).exists()
    page.get_by_role("link", name="You can undo it here.").click()
    page.get_by_role("button", name="Undo").first.click()
    page.get_by_text("Undone: ").wait_for()
    check_step("merge-undone")
    assert Actor.objects.filter(pk=duplicate.pk).exists()

    # Open the history, and restore an older version.
    page.goto(f"/admin/actors/actor/{actor.pk}/change/")
    page.get_by_role("link", name="History").click()
    page.get_by_role("button", name="Go back to this version").last.wait_for()
    check_step("history")
    page.get_by_role("button", name="Go back to this version").last.click()
    page.get_by_text("Toshirō Mifune was restored.").wait_for()
    actor.refresh_from_db()
    assert (actor.country, actor.birth_year) == ("JP", 1920)
    assert Change.objects.filter(actor_id=actor.pk, who="carol").exists()

    # Export search results.
    page.goto("/admin/actors/actor/?q=mifune")
    with page.expect_download() as download:
        page.locator(".export").get_by_role("link", name="CSV").click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8-sig"))))
    assert {row["id"] for row in rows} == {str(actor.pk), str(duplicate.pk)}

    # Sign out.
    follow(page.get_by_role("button", name="Log out"))
    page.get_by_role("link", name="Log in again").wait_for()
    check_step("signed-out")
    page.goto("/admin/actors/actor/")
    assert "/admin/login/" in page.url
    assert User.objects.get(username="carol").last_login
