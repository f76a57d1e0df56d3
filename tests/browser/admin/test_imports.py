"""A curator's import in a real browser: with errors, then without, then undone."""

import pytest

from actors.models import Actor, Batch
from tests.browser.admin.steps import save_screenshot, sign_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("carol")]

LIST = "/admin/actors/batch/"
WRONG = "First name,Year of birth,Shoe size\n" + "Ada Augusta,1066,38\n" * 30


def preview_import(page, name, content):
    page.goto(f"{LIST}add/")
    page.get_by_label("File").set_input_files({"name": name, "mimeType": "text/csv", "buffer": content.encode()})
    page.get_by_role("button", name="Preview import").click()
    page.get_by_role("heading", name=f"Preview of {name}").wait_for()


@pytest.mark.parametrize(
    ("size", "scheme", "script"), [("desktop", "light", True), ("phone", "dark", True), ("phone", "light", False)]
)
def test_import_can_be_previewed_applied_and_undone(open_page, check_page, size, scheme, script):
    page = open_page(size, scheme, java_script_enabled=script)

    def check(name):
        save_screenshot(page, f"import-{name}-{size}-{scheme}")
        if script:
            check_page(page)

    sign_in(page, LIST)
    page.goto(f"{LIST}add/")
    check("form")
    preview_import(page, "wrong.csv", WRONG)
    check("columns")
    page.get_by_label("Shoe size").select_option("Don't import")
    page.get_by_role("button", name="Apply").click()
    page.get_by_text("30 errors in 30 rows").wait_for()
    check("errors")
    actor = Actor.objects.get(last_name="Mifune")
    right = f"id,version,first name,year of birth\n{actor.pk},1,Toshirō,1921\n,,Ada,1900\n,,Eve,\n"
    preview_import(page, "right.csv", right)
    page.get_by_text("2 to add, 1 to change, 0 unchanged.").wait_for()
    check("right")
    page.get_by_role("button", name="Import", exact=True).press("Enter")
    page.get_by_text("Imported: 2 added, 1 changed.").wait_for()
    check("list")
    page.get_by_role("button", name="Undo").press("Enter")
    page.get_by_text("Undone: 2 added actors removed, 1 changed actor reverted.").wait_for()
    check("undone")
    assert Batch.objects.count() == 2
    assert not Actor.objects.filter(first_name="Eve").exists()
