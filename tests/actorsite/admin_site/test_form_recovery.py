"""What was typed into a form that cannot be taken: the answer holds it, and a button that sends it again."""

import re
from html import unescape
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import Group, User
from django.db import OperationalError
from django.test import Client

from actors.models import Actor
from tests.actors.admin.test_actors import PASSWORD, address, form
from tests.actorsite.accounts.test_mfa import code_of, give_app

pytestmark = pytest.mark.django_db

TYPED = 'Mine: "long",\nand <b>unsaved</b>.'


@pytest.fixture
def alice():
    alice = User.objects.create_user("alice", password=PASSWORD, is_staff=True)
    alice.groups.add(Group.objects.get(name="Editors"))
    return alice


@pytest.fixture
def browser(alice):
    """A client that must send the token against forgery, as a browser of Alice's does."""
    browser = Client(enforce_csrf_checks=True, raise_request_exception=False)
    browser.force_login(alice)
    return browser


def send(browser, path, data, **named):
    """POST as a browser does: the client of the tests would send all as if there were files."""
    return browser.post(path, urlencode(data), content_type="application/x-www-form-urlencoded", **named)


def fields(response, form):
    """What the form of a page, which ``form`` finds, would send: (address, fields)."""
    page = response.content.decode()
    attributes, inside = re.search(rf"<form ([^>]*{form}[^>]*)>(.*?)</form>", page, re.DOTALL).groups()
    named = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)"')
    data = {name: unescape(value) for name, value in named.findall(inside)}
    data |= {name: unescape(value) for name, value in named.findall(page) if name == "recovered_form"}
    return unescape(re.search('action="([^"]*)"', attributes)[1]), data


def typed(browser, actor, **changes):
    """The form of an actor, with the token that its page came with."""
    token = browser.get(address(actor)).context["csrf_token"]
    return form(actor, biography=TYPED, csrfmiddlewaretoken=str(token), **changes)


def assert_sent_again(browser, answer, actor):
    action, data = fields(answer, 'class="recovered-form"')
    assert action == address(actor)
    saved = send(browser, action, data)
    actor.refresh_from_db()
    assert (saved.status_code, actor.biography) == (302, TYPED)


def test_the_database_is_away(browser, actor, monkeypatch):
    data = typed(browser, actor)

    def fail(*arguments, **named):
        raise OperationalError("away")

    with monkeypatch.context() as patch:
        patch.setattr("actors.admin.conflicts.actors.lock_actor", fail)
        answer = send(browser, address(actor), data)
        assert answer.status_code == 503
        assert "<b>" not in answer.content.decode()
    assert_sent_again(browser, answer, actor)


def test_the_session_is_over(browser, actor):
    data = typed(browser, actor)
    del browser.cookies["__Host-sessionid"]
    answer = send(browser, address(actor), data)
    assert answer.status_code == 403
    assert "You were signed out" in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]

    action, signing = fields(answer, 'id="login-form"')
    wrong = send(browser, action, {**signing, "username": "alice", "password": "wrong"})
    action, signing = fields(wrong, 'id="login-form"')
    answer = send(browser, action, {**signing, "username": "alice", "password": PASSWORD})
    assert answer.status_code == 200
    assert "wrong" not in answer.content.decode() and PASSWORD not in answer.content.decode()
    assert_sent_again(browser, answer, actor)


def test_the_session_is_over_and_somebody_else_was_faster(browser, actor):
    data = typed(browser, actor)
    del browser.cookies["__Host-sessionid"]
    action, signing = fields(send(browser, address(actor), data), 'id="login-form"')
    Actor.objects.update(biography="Theirs.")
    answer = send(browser, action, {**signing, "username": "alice", "password": PASSWORD})
    action, data = fields(answer, 'class="recovered-form"')
    assert send(browser, action, data).status_code == 409


def test_the_session_is_over_and_there_is_a_second_factor(browser, alice, actor):
    data = typed(browser, actor)
    app = give_app(alice)
    del browser.cookies["__Host-sessionid"]
    action, signing = fields(send(browser, address(actor), data), 'id="login-form"')
    answer = send(browser, action, {**signing, "username": "alice", "password": PASSWORD})
    action, checking = fields(answer, 'id="check-form"')
    wrong = send(browser, action, {**checking, "code": "wrong"})
    action, checking = fields(wrong, 'id="check-form"')
    answer = send(browser, action, {**checking, "code": code_of(app)})
    assert_sent_again(browser, answer, actor)


def test_another_signing_in_replaced_the_token(browser, actor):
    data = typed(browser, actor)
    del browser.cookies["__Host-csrftoken"]
    browser.get(address(actor))
    answer = send(browser, address(actor), data, headers={"Origin": "http://testserver"})
    assert answer.status_code == 403
    assert_sent_again(browser, answer, actor)


@pytest.mark.parametrize("origin", [None, "null", "https://evil.example", "https://testserver"])
def test_a_forged_form_is_not_one_click_from_being_sent(browser, actor, origin):
    headers = {"Origin": origin} if origin else {}
    answer = send(browser, address(actor), form(actor, biography=TYPED), headers=headers)
    assert answer.status_code == 403
    page = answer.content.decode()
    assert "Mine" not in page and "Send again" not in page
    assert "copy what you typed" in page


def test_the_right_is_taken_away(browser, alice, actor):
    data = typed(browser, actor)
    alice.groups.clear()
    answer = send(browser, address(actor), data)
    assert answer.status_code == 403
    alice.groups.add(Group.objects.get(name="Editors"))
    assert_sent_again(browser, answer, actor)


def test_no_password_is_held(browser, alice):
    User.objects.filter(pk=alice.pk).update(is_superuser=True)
    token = str(browser.get("/admin/auth/user/add/").context["csrf_token"])
    secret = {"password1": "the secret", "password2": "the secret", "csrfmiddlewaretoken": token}
    del browser.cookies["__Host-sessionid"]
    answer = send(browser, "/admin/auth/user/add/", {**secret, "username": "bob"})
    assert "bob" in answer.content.decode() and "the%20secret" not in answer.content.decode()
    assert "the+secret" not in answer.content.decode()
    assert send(browser, "/admin/password_change/", secret).status_code == 302


def test_signing_in_leads_nowhere_else(browser, actor):
    data = typed(browser, actor)
    del browser.cookies["__Host-sessionid"]
    action, signing = fields(send(browser, address(actor), data), 'id="login-form"')
    elsewhere = {**signing, "next": "https://evil.example/", "username": "alice", "password": PASSWORD}
    answer = send(browser, action, elsewhere)
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/profile/")
