"""The second factor in a real browser, with the browser's virtual authenticator (WebAuthn)."""

import pytest
from django.contrib.auth.models import Group, User

from actors.models import Actor
from actorsite.accounts.models import Passkey
from tests.actorsite.accounts.test_mfa import code_of, key_shown, next_code
from tests.browser.admin.steps import authenticator, log_in
from tests.browser.navigation import follow
from tests.clients import PASSWORD
from tests.directory import load_directory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _alice():
    load_directory(Actor)
    group, _made = Group.objects.get_or_create(name="Editors")
    User.objects.create_superuser("alice", password=PASSWORD).groups.add(group)


def enter_password(page):
    page.goto("/admin/login/?next=/admin/actors/actor/")
    log_in(page, "alice")


def sign_out(page):
    follow(page.get_by_role("button", name="Log out"))
    page.get_by_role("link", name="Log in again").wait_for()


def test_passkey_is_created_and_used_to_log_in(page, check_page):
    remove_authenticator = authenticator(page)
    enter_password(page)
    page.goto("/admin/second-factor/")
    page.get_by_label("Name of the device").fill("My <b>key</b>")
    page.get_by_role("button", name="Set up a passkey").click()
    page.get_by_text("The passkey is set up.").wait_for()
    check_page(page)
    page.get_by_role("button", name="Create recovery codes").click()
    follow(page.get_by_role("link", name="I saved the codes"))
    assert page.get_by_text("My <b>key</b>").is_visible()
    check_page(page)
    sign_out(page)

    enter_password(page)
    page.get_by_role("heading", level=1, name="Second factor").wait_for()
    check_page(page)
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/admin/actors/actor/")
    assert Passkey.objects.get().last_used_at and Passkey.objects.get().sign_count > 0
    sign_out(page)

    remove_authenticator()
    authenticator(page)  # another device, without her passkey
    enter_password(page)
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_text("The passkey prompt was canceled or failed. Try again.").wait_for()
    page.goto("/admin/actors/actor/")
    assert "/second-factor/check/" in page.url


@pytest.mark.once
@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_second_factor_pages_pass_the_page_check(open_page, check_page, size, scheme):
    page = open_page(size, scheme)
    enter_password(page)
    page.goto("/admin/second-factor/")
    check_page(page)
    page.get_by_role("link", name="Set up an authenticator app").click()
    page.get_by_role("textbox", name="Code").fill("000000")
    page.get_by_role("button", name="Set up").click()
    page.get_by_text("This code is wrong.").wait_for()
    check_page(page)
    page.get_by_role("textbox", name="Code").fill(code_of(key_shown(page.content())))
    page.get_by_role("button", name="Set up").click()
    page.get_by_text("The authenticator app is set up.").wait_for()
    check_page(page)
    page.get_by_role("button", name="Create recovery codes").click()
    page.get_by_role("heading", level=1, name="Your recovery codes").wait_for()
    check_page(page)
    code = page.locator(".codes code").first.inner_text()
    follow(page.get_by_role("link", name="I saved the codes"))
    check_page(page)
    sign_out(page)
    check_page(page)
    enter_password(page)
    page.get_by_role("textbox", name="Code").fill("wrong")
    page.get_by_role("button", name="Continue").click()
    page.get_by_text("This code is wrong or was already used.").wait_for()
    check_page(page)
    page.wait_for_timeout(1_100)  # a wrong recovery code makes the next one wait for a second
    page.get_by_role("textbox", name="Code").fill(code)
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/admin/actors/actor/")


def test_authenticator_app_is_set_up_and_used_without_javascript(open_page):
    page = open_page(java_script_enabled=False)
    enter_password(page)
    page.goto("/admin/second-factor/app/")
    assert page.locator(".qr svg").is_visible()
    device = key_shown(page.content())
    page.get_by_role("textbox", name="Code").fill(code_of(device))
    follow(page.get_by_role("button", name="Set up"))
    assert page.get_by_text("The authenticator app is set up.").is_visible()
    follow(page.get_by_role("button", name="Create recovery codes"))
    follow(page.get_by_role("link", name="I saved the codes"))
    assert not page.get_by_role("button", name="Set up a passkey").is_visible()
    assert page.get_by_text("Passkeys need JavaScript").is_visible()
    follow(page.get_by_role("button", name="Log out"))
    enter_password(page)
    page.get_by_role("textbox", name="Code").fill(next_code("alice"))
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/admin/actors/actor/")
