"""Sessions expire, their cookies are limited to the host, and passwords are validated."""

from datetime import timedelta

import pytest
from django.conf import settings as site_settings
from django.contrib.auth.models import User
from django.contrib.sessions.exceptions import SessionInterrupted
from django.contrib.sessions.middleware import SessionMiddleware
from django.contrib.sessions.models import Session
from django.db import InternalError, connection, transaction
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils.timezone import now

from tests.clients import PASSWORD
from tests.server import Server, manage, migrated_database

pytestmark = pytest.mark.django_db


SESSION, TOKEN = "__Host-sessionid", "__Host-csrftoken"


def sign_in(name="alice"):
    """Return a client in which ``name`` has signed in. Create the account if it does not exist."""
    if not User.objects.filter(username=name).exists():
        User.objects.create_superuser(name, f"{name}@example.org", PASSWORD, first_name="Alice", last_name="Liddell")
    browser = Client()
    response = browser.post("/admin/login/", {"username": name, "password": PASSWORD})
    assert response.status_code == 302
    return browser


def is_signed_in(browser):
    return browser.get("/admin/").status_code == 200


def test_cookies_are_limited_to_the_host():
    for name in (SESSION, TOKEN):
        cookie = sign_in().cookies[name]
        assert cookie["secure"] and cookie["path"] == "/" and not cookie["domain"] and cookie["samesite"] == "Lax"
    assert sign_in().cookies[SESSION]["httponly"]


def test_session_ends_twelve_hours_after_signing_in():
    browser = sign_in()
    assert 43_190 <= browser.cookies[SESSION]["max-age"] <= 43_200
    key = browser.session.session_key
    ends = Session.objects.get(pk=key).expire_date
    assert abs(ends - now() - timedelta(hours=12)) < timedelta(seconds=10)
    session = browser.session
    session["something"] = "new"
    session.save()
    assert Session.objects.get(pk=key).expire_date == ends
    Session.objects.filter(pk=key).update(expire_date=now() - timedelta(seconds=1))
    assert not is_signed_in(browser)


def test_signing_in_deletes_expired_sessions():
    sign_in()
    Session.objects.update(expire_date=now() - timedelta(seconds=1))
    sign_in("bob")
    assert Session.objects.count() == 1


def test_password_change_ends_other_sessions_of_the_account():
    here, elsewhere, bob = sign_in(), sign_in(), sign_in("bob")
    new = "staple the battery to a horse"
    response = here.post(
        "/admin/password_change/", {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    )
    assert response.status_code == 302
    assert (is_signed_in(here), is_signed_in(elsewhere), is_signed_in(bob)) == (True, False, True)


def test_password_set_by_administrator_ends_sessions_of_account():
    root, alice = sign_in("root"), sign_in()
    new = "staple the battery to a horse"
    url = f"/admin/auth/user/{User.objects.get(username='alice').pk}/password/"
    assert root.post(url, {"password1": new, "password2": new, "usable_password": "true"}).status_code == 302
    assert (is_signed_in(root), is_signed_in(alice)) == (True, False)


@pytest.mark.parametrize(
    ("password", "message"),
    [
        ("tiny-horse1", "at least 12 characters"),
        ("q1w2e3r4t5y6", "too common"),
        ("alice@example.org", "too similar"),
        ("Alice-Liddell", "too similar"),
        ("482915067341", "entirely numeric"),
    ],
)
def test_weak_password_is_refused_with_a_reason(password, message):
    browser = sign_in()
    response = browser.post(
        "/admin/password_change/", {"old_password": PASSWORD, "new_password1": password, "new_password2": password}
    )
    assert response.status_code == 200 and message in response.content.decode()


@pytest.mark.once
def test_debug_server_sends_plain_cookies_with_session_hours():
    with migrated_database() as url:
        people = (
            f"from django.contrib.auth.models import User; User.objects.create_superuser('a', password={PASSWORD!r})"
        )
        assert manage("shell", "-c", people, DATABASE_URL=url).returncode == 0
        with Server(url, SESSION_HOURS="2", DEBUG="true") as live:
            headers = live.get("/admin/login/")[1]
            token = headers["Set-Cookie"].split(";")[0].removeprefix("csrftoken=")
            assert "=" not in token and "Secure" not in headers["Set-Cookie"]
            response = live.request(
                "POST",
                "/admin/login/",
                {"Cookie": f"csrftoken={token}", "Content-Type": "application/x-www-form-urlencoded"},
                f"username=a&password={PASSWORD.replace(' ', '+')}&csrfmiddlewaretoken={token}",
            )
    session = next(cookie for cookie in response[1].get_all("Set-Cookie") if cookie.startswith("sessionid="))
    assert "Max-Age=7200" in session or "Max-Age=7199" in session
    assert site_settings.SESSION_COOKIE_AGE == 43_200


@pytest.mark.postgresql
def test_session_save_on_read_only_database_raises_internal_error():
    """Regression: the session was reported as deleted, with a 400. A database error returns 503."""
    browser = sign_in()
    request = RequestFactory().get("/admin/", headers={"Cookie": f"{SESSION}={browser.session.session_key}"})

    def change(request):
        request.session["something"] = "new"
        return HttpResponse()

    with pytest.raises(InternalError, match="read-only"), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
        SessionMiddleware(change)(request)

    def sign_out_elsewhere(request):
        request.session["something"] = "new"
        Session.objects.all().delete()
        return HttpResponse()

    with pytest.raises(SessionInterrupted):
        SessionMiddleware(sign_out_elsewhere)(request)
