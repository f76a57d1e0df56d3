"""Form recovery: the response to a form that cannot be saved has its fields and a button to send it again."""

import re
from html import unescape
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import Group, User
from django.db import OperationalError
from django.test import Client

from actors.models import Actor
from tests.actors.admin.test_actors import change_url, form
from tests.actorsite.accounts.test_mfa import code_of, give_app
from tests.clients import PASSWORD

pytestmark = pytest.mark.django_db

TYPED = 'Mine: "long",\nand <b>unsaved</b>.'


@pytest.fixture
def alice():
    alice = User.objects.create_user("alice", password=PASSWORD, is_staff=True)
    alice.groups.add(Group.objects.get(name="Editors"))
    return alice


@pytest.fixture
def browser(alice):
    """Return a client in which Alice is signed in, with CSRF checks as in a browser."""
    browser = Client(enforce_csrf_checks=True, raise_request_exception=False)
    browser.force_login(alice)
    return browser


def send(browser, path, data, **named):
    """POST a URL-encoded form as a browser does; Django's test client would send it as multipart."""
    return browser.post(path, urlencode(data), content_type="application/x-www-form-urlencoded", **named)


def fields(response, form):
    """Return (action, hidden fields) of the form whose attributes contain ``form``."""
    page = response.content.decode()
    attributes, inside = re.search(rf"<form ([^>]*{form}[^>]*)>(.*?)</form>", page, re.DOTALL).groups()
    named = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)"')
    data = {name: unescape(value) for name, value in named.findall(inside)}
    data |= {name: unescape(value) for name, value in named.findall(page) if name == "recovered_form"}
    return unescape(re.search('action="([^"]*)"', attributes)[1]), data


def typed(browser, actor, **changes):
    """Return the data of ``actor``'s form, with the biography TYPED and the CSRF token of the page."""
    token = browser.get(change_url(actor)).context["csrf_token"]
    return form(actor, biography=TYPED, csrfmiddlewaretoken=str(token), **changes)


def assert_sent_again(browser, response, actor):
    action, data = fields(response, 'class="recovered-form"')
    assert action == change_url(actor)
    saved = send(browser, action, data)
    actor.refresh_from_db()
    assert (saved.status_code, actor.biography) == (302, TYPED)


def test_form_is_recovered_during_database_outage(browser, actor, monkeypatch):
    data = typed(browser, actor)

    def fail(*arguments, **named):
        raise OperationalError("away")

    with monkeypatch.context() as patch:
        patch.setattr("actors.admin.conflicts.actors.lock_actor", fail)
        response = send(browser, change_url(actor), data)
        assert response.status_code == 503
        assert "<b>" not in response.content.decode()
    assert_sent_again(browser, response, actor)


def test_form_is_recovered_after_signing_in_again(browser, actor):
    data = typed(browser, actor)
    del browser.cookies["__Host-sessionid"]
    response = send(browser, change_url(actor), data)
    assert response.status_code == 403
    assert "You were signed out" in response.content.decode()
    assert "no-store" in response["Cache-Control"]

    action, signing = fields(response, 'id="login-form"')
    wrong = send(browser, action, {**signing, "username": "alice", "password": "wrong"})
    action, signing = fields(wrong, 'id="login-form"')
    response = send(browser, action, {**signing, "username": "alice", "password": PASSWORD})
    assert response.status_code == 200
    assert "wrong" not in response.content.decode() and PASSWORD not in response.content.decode()
    assert_sent_again(browser, response, actor)


def test_recovered_form_with_old_version_returns_409(browser, actor):
    data = typed(browser, actor)
    del browser.cookies["__Host-sessionid"]
    action, signing = fields(send(browser, change_url(actor), data), 'id="login-form"')
    Actor.objects.update(biography="Theirs.")
    response = send(browser, action, {**signing, "username": "alice", "password": PASSWORD})
    action, data = fields(response, 'class="recovered-form"')
    assert send(browser, action, data).status_code == 409


def test_form_is_recovered_after_the_second_factor_check(browser, alice, actor):
    data = typed(browser, actor)
    app = give_app(alice)
    del browser.cookies["__Host-sessionid"]
    action, signing = fields(send(browser, change_url(actor), data), 'id="login-form"')
    response = send(browser, action, {**signing, "username": "alice", "password": PASSWORD})
    action, checking = fields(response, 'id="check-form"')
    wrong = send(browser, action, {**checking, "code": "wrong"})
    action, checking = fields(wrong, 'id="check-form"')
    response = send(browser, action, {**checking, "code": code_of(app)})
    assert_sent_again(browser, response, actor)


def test_form_with_old_csrf_token_is_recovered(browser, actor):
    data = typed(browser, actor)
    del browser.cookies["__Host-csrftoken"]
    browser.get(change_url(actor))
    response = send(browser, change_url(actor), data, headers={"Origin": "http://testserver"})
    assert response.status_code == 403
    assert_sent_again(browser, response, actor)


@pytest.mark.parametrize("origin", [None, "null", "https://evil.example", "https://testserver"])
def test_form_of_another_site_is_not_recovered(browser, actor, origin):
    headers = {"Origin": origin} if origin else {}
    response = send(browser, change_url(actor), form(actor, biography=TYPED), headers=headers)
    assert response.status_code == 403
    page = response.content.decode()
    assert "Mine" not in page and "Send again" not in page
    assert "copy your text first" in page


def test_form_is_recovered_after_permission_is_removed(browser, alice, actor):
    data = typed(browser, actor)
    alice.groups.clear()
    response = send(browser, change_url(actor), data)
    assert response.status_code == 403
    alice.groups.add(Group.objects.get(name="Editors"))
    assert_sent_again(browser, response, actor)


def test_passwords_are_not_recovered(browser, alice):
    User.objects.filter(pk=alice.pk).update(is_superuser=True)
    token = str(browser.get("/admin/auth/user/add/").context["csrf_token"])
    secret = {"password1": "the secret", "password2": "the secret", "csrfmiddlewaretoken": token}
    del browser.cookies["__Host-sessionid"]
    response = send(browser, "/admin/auth/user/add/", {**secret, "username": "bob"})
    assert "bob" in response.content.decode() and "the%20secret" not in response.content.decode()
    assert "the+secret" not in response.content.decode()
    assert send(browser, "/admin/password_change/", secret).status_code == 302


def test_recovered_form_is_not_sent_to_another_site(browser, actor):
    data = typed(browser, actor)
    del browser.cookies["__Host-sessionid"]
    action, signing = fields(send(browser, change_url(actor), data), 'id="login-form"')
    elsewhere = {**signing, "next": "https://evil.example/", "username": "alice", "password": PASSWORD}
    response = send(browser, action, elsewhere)
    assert (response.status_code, response["Location"]) == (302, "/accounts/profile/")
