"""Form recovery in a real browser: a form whose submission fails can be sent again."""

import pytest
from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.db import OperationalError

from tests.browser.admin.steps import BIOGRAPHY, authenticator, biography, leaves_without_dialog, log_in, save, sign_in
from tests.browser.navigation import follow

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("carol")]


def type_biography(page, url):
    page.goto(url)
    page.get_by_label("Biography").fill(BIOGRAPHY)


def send_again(page):
    assert page.locator(".unsaved-fields").get_by_text(BIOGRAPHY).is_visible()
    follow(page.get_by_role("button", name="Send again"))
    page.wait_for_url("**/admin/actors/actor/")
    assert biography() == BIOGRAPHY


@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_form_is_recovered_after_a_database_outage(open_page, check_page, url, monkeypatch, size, scheme):
    page = open_page(size, scheme)
    sign_in(page)
    type_biography(page, url)

    def fail(*arguments):
        raise OperationalError("away")

    with monkeypatch.context() as patch:
        patch.setattr("actors.admin.conflicts.actors.lock_actor", fail)
        save(page)
        page.get_by_role("heading", name="Temporarily unavailable").wait_for()
        check_page(page)
        follow(page.get_by_role("button", name="Send again"))
        page.get_by_role("heading", name="Temporarily unavailable").wait_for()
    send_again(page)


@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_form_is_recovered_after_session_expiry(open_page, check_page, url, size, scheme):
    page = open_page(size, scheme)
    sign_in(page)
    type_biography(page, url)
    Session.objects.all().delete()
    save(page)
    page.get_by_text("You were signed out, so nothing was saved.").wait_for()
    check_page(page)
    log_in(page)
    page.get_by_role("heading", name="Your form is not saved yet").wait_for()
    check_page(page)
    if size == "phone":
        assert not leaves_without_dialog(page)
    else:
        send_again(page)


def test_form_is_recovered_without_javascript_after_session_expiry(open_page, url):
    page = open_page(java_script_enabled=False)
    sign_in(page)
    type_biography(page, url)
    Session.objects.all().delete()
    save(page)
    log_in(page)
    send_again(page)


def test_form_is_recovered_after_login_with_a_passkey(page, check_page, url):
    authenticator(page)
    sign_in(page)
    page.goto("/admin/second-factor/")
    page.get_by_label("Name of the device").fill("Key")
    page.get_by_role("button", name="Set up a passkey").click()
    page.get_by_text("The passkey is set up.").wait_for()
    type_biography(page, url)
    Session.objects.all().delete()
    save(page)
    log_in(page)
    page.get_by_role("heading", level=1, name="Second factor").wait_for()
    check_page(page)
    follow(page.get_by_role("button", name="Use a passkey"))
    page.get_by_role("heading", name="Your form is not saved yet").wait_for()
    send_again(page)


def test_form_is_recovered_after_replacement_of_the_csrf_token(page, check_page, url):
    sign_in(page)
    type_biography(page, url)
    other = page.context.new_page()
    other.goto("/admin/")
    follow(other.get_by_role("button", name="Log out"))
    other.goto("/admin/login/")
    log_in(other)
    save(page)
    page.get_by_role("heading", name="The form was not accepted").wait_for()
    check_page(page)
    send_again(page)


def test_form_is_recovered_after_the_permission_was_removed(page, check_page, url):
    User.objects.update(is_superuser=True)
    sign_in(page)
    type_biography(page, url)
    User.objects.update(is_superuser=False)
    User.objects.get().groups.clear()
    save(page)
    page.get_by_role("heading", name="Not allowed").wait_for()
    check_page(page)
    User.objects.update(is_superuser=True)
    User.objects.get().groups.add(Group.objects.get(name="Curators"))
    send_again(page)
