"""An editor's day, from signing in with the second factor to signing out.

SCREENSHOTS names a folder for a screenshot of each step.
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
def done(page, check_page):
    """Return a function that takes a screenshot after a step and checks the page."""
    steps = []

    def done(step):
        steps.append(step)
        save_screenshot(page, f"day-{len(steps):02}-{step}")
        check_page(page)

    return done


def send(page, name, content):
    page.goto("/admin/actors/batch/add/")
    page.get_by_label("File").set_input_files({"name": name, "mimeType": "text/csv", "buffer": content.encode()})
    page.get_by_role("button", name="Preview import").click()
    page.get_by_role("heading", name=f"Preview of {name}").wait_for()


def test_editors_day(page, done, settings, open_page):
    settings.STAFF_SECOND_FACTOR = "required"
    settings.ENVIRONMENT_LABEL = "trial"

    # The first day: nothing opens before there is a second factor.
    page.goto("/admin/")
    log_in(page)
    page.get_by_text("This site requires a second factor").wait_for()
    done("enrolment")
    page.get_by_role("link", name="Set up an authenticator app").click()
    page.get_by_role("textbox", name="Code").wait_for()
    done("qr-code")
    app = key_shown(page.content())
    page.get_by_role("textbox", name="Code").fill(code_of(app))
    page.get_by_role("button", name="Set up").click()
    page.get_by_role("button", name="Create recovery codes").click()
    page.locator(".codes code").first.wait_for()
    done("recovery-codes")
    follow(page.get_by_role("button", name="Log out"))

    # Signing in with it.
    page.goto("/admin/")
    log_in(page)
    page.get_by_role("heading", level=1, name="Second factor").wait_for()
    done("check")
    page.get_by_role("textbox", name="Code").fill(next_code("carol"))
    page.get_by_role("button", name="Continue").click()
    page.get_by_text("Needs attention").wait_for()
    done("front-page")

    # Finding and editing.
    page.goto("/admin/actors/actor/")
    page.get_by_role("textbox", name="Search by name").fill("三船")
    page.get_by_role("button", name="Search").click()
    found = page.get_by_role("link", name="Mifune, Toshirō")
    page.wait_for_url("**/?q=*")
    found.wait_for()
    done("found")
    found.click()
    page.get_by_label("Country").select_option("FR")
    page.get_by_label("Year of birth").fill("1921")
    done("form")

    # Another editor saves first: a conflict, and its resolution.
    actor = Actor.objects.get(last_name="Mifune")
    Actor.objects.filter(pk=actor.pk).update(country="US", biography="By another.")
    save(page)
    page.get_by_role("heading", level=1, name="Toshirō Mifune was changed while you were editing").wait_for()
    done("conflict")
    page.get_by_role("group", name="Country").get_by_label("Keep mine").check()
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/admin/actors/actor/*")
    actor.refresh_from_db()
    assert (actor.country, actor.birth_year, actor.biography) == ("FR", 1921, "By another.")

    # A film and its cast, with an actor found by typing.
    page.goto("/admin/actors/film/add/")
    page.get_by_label("Title", exact=False).first.fill("Red Sun")
    page.get_by_label("Year", exact=False).first.fill("1971")
    page.locator(".field-actor .select2-selection").first.click()
    page.locator(".select2-search__field").last.fill("mifune")
    page.get_by_role("option", name="Toshirō Mifune").click()
    page.locator("#id_credits-0-character").fill("Kuroda")
    done("film")
    save(page)
    page.wait_for_url("**/admin/actors/film/*")
    assert Film.objects.get(title="Red Sun").credits.get().actor == actor

    # An import with errors, one without, and undoing it.
    send(page, "wrong.csv", "first name,year of birth\nAda,1066\nEve,soon\n")
    page.get_by_text("2 errors in 2 rows").wait_for()
    done("import-mistakes")
    corrected = f"{actor.pk},{actor.version},Toshirō,1920"
    send(page, "right.csv", f"id,version,first name,year of birth\n{corrected}\n,,Zelda,1900\n")
    page.get_by_text("1 to add, 1 to change").wait_for()
    done("import-right")
    page.get_by_role("button", name="Import", exact=True).click()
    page.get_by_text("Imported: 1 added, 1 changed.").wait_for()
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("Undone: 1 added actor removed, 1 changed actor reverted.").wait_for()
    done("import-undone")
    actor.refresh_from_db()
    assert actor.birth_year == 1921 and not Actor.objects.filter(first_name="Zelda").exists()

    # Two entries of one actor are merged and unmerged.
    duplicate = Actor.objects.create(first_name="Toshiro", last_name="Mifune")
    page.goto("/admin/")
    page.get_by_role("link", name="Possible duplicates").click()
    page.get_by_role("link", name="Mifune").first.wait_for()
    done("duplicates")
    page.get_by_role("link", name="Mifune").click()
    page.get_by_role("heading", name="Merge two actors").wait_for()
    done("merge")
    page.get_by_role("button", name="Merge").click()
    page.get_by_text("You can undo it here.").wait_for()
    assert not Actor.objects.filter(pk=duplicate.pk).exists()
    page.get_by_role("link", name="You can undo it here.").click()
    page.get_by_role("button", name="Undo").first.click()
    page.get_by_text("Undone: ").wait_for()
    done("merge-undone")
    assert Actor.objects.filter(pk=duplicate.pk).exists()

    # The history, and restoring an older version.
    page.goto(f"/admin/actors/actor/{actor.pk}/change/")
    page.get_by_role("link", name="History").click()
    page.get_by_role("button", name="Go back to this version").last.wait_for()
    done("history")
    page.get_by_role("button", name="Go back to this version").last.click()
    page.get_by_text("Toshirō Mifune was restored.").wait_for()
    actor.refresh_from_db()
    assert (actor.country, actor.birth_year) == ("JP", 1920)
    assert Change.objects.filter(actor_id=actor.pk, who="carol").exists()

    # An export of search results.
    page.goto("/admin/actors/actor/?q=mifune")
    with page.expect_download() as download:
        page.locator(".export").get_by_role("link", name="CSV").click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8-sig"))))
    assert {row["id"] for row in rows} == {str(actor.pk), str(duplicate.pk)}

    # Signing out ends it.
    follow(page.get_by_role("button", name="Log out"))
    page.get_by_role("link", name="Log in again").wait_for()
    done("signed-out")
    page.goto("/admin/actors/actor/")
    assert "/admin/login/" in page.url
    assert User.objects.get(username="carol").last_login
