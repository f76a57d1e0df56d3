"""An editor's work in a real browser."""

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import call_command

from actors.models import Actor
from tests.test_admin import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def check_page(check_page):
    """As for the public pages, one page after the other: what axe itself leaves in the console is forgotten."""

    def check(page):
        check_page(page)
        page.complaints.clear()

    return check


@pytest.fixture(autouse=True)
def _directory():
    call_command("loaddata", "actors", verbosity=0)
    # Flushing the database after another test takes the groups of the migrations with it.
    group, _made = Group.objects.get_or_create(name="Curators")
    carol = User.objects.create_superuser("carol", password=PASSWORD)
    carol.groups.add(group)


def sign_in(page, address="/admin/"):
    page.goto(f"/admin/login/?next={address}")
    page.get_by_label("Username").fill("carol")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"**{address}")


@pytest.mark.once
@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_every_page_is_without_fault(open_page, check_page, size, scheme):
    page = open_page(size, scheme)
    page.goto("/admin/login/")
    check_page(page)
    sign_in(page)
    actor = Actor.objects.get(last_name="Mifune")
    form = f"/admin/actors/actor/{actor.pk}/"
    for address in (
        "/admin/", "/admin/actors/actor/", "/admin/actors/actor/?q=li&living=yes", "/admin/actors/actor/add/",
        f"{form}change/", f"{form}delete/", f"{form}history/",
    ):  # fmt: skip
        page.goto(address)
        check_page(page)
    page.goto(f"{form}change/")
    page.get_by_label("Year of birth").fill("1066")
    page.get_by_role("button", name="Save", exact=True).first.click()
    page.get_by_text("Give a year from 1800").wait_for()
    check_page(page)


def test_an_editor_finds_corrects_meets_a_conflict_and_goes_back(page, check_page):
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
    page.get_by_role("button", name="Save what is chosen").click()
    page.wait_for_url("**/admin/actors/actor/*")
    actor = Actor.objects.get(last_name="Mifune")
    assert (actor.country, actor.birth_year, actor.biography) == ("FR", 1921, "Changed by another.")

    page.goto(f"/admin/actors/actor/{actor.pk}/change/")
    page.get_by_role("link", name="History").click()
    page.get_by_role("button", name="To this").last.click()
    page.get_by_text("Toshirō Mifune is restored.").wait_for()
    actor.refresh_from_db()
    assert (actor.country, actor.birth_year, actor.version) == ("JP", 1920, 4)
