"""Lockout: wrong passwords lock an account for the IP address that sent them, and for no other."""

import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.utils.timezone import now

from tests import server
from tests.clients import PASSWORD

LOGIN = "/admin/login/"
PEOPLE = f"""
from django.contrib.auth.models import User
for name in ("alice", "bob"):
    User.objects.create_superuser(name, password={PASSWORD!r})
"""


@pytest.fixture
def people(db):
    for name in ("alice", "bob"):
        User.objects.create_superuser(name, password=PASSWORD)


def sign_in(client, name, password, address="203.0.113.1", **more):
    return client.post(LOGIN, {"username": name, "password": password}, REMOTE_ADDR=address, **more)


def lock(client, name="alice", address="203.0.113.1"):
    """Send five wrong passwords, which lock the account for the IP address; return the status codes."""
    return [sign_in(client, name, f"guess {n}", address).status_code for n in range(5)]


def test_five_wrong_passwords_lock_account_for_one_ip_address(client, people):
    assert lock(client) == [200, 200, 200, 200, 429]
    refused = sign_in(client, "alice", PASSWORD)
    assert (refused.status_code, refused["Retry-After"]) == (429, "1800")
    assert "Sign-in to this account is blocked from your address for 30 minutes." in refused.content.decode()
    assert sign_in(client, "bob", PASSWORD).status_code == 302
    client.logout()
    assert sign_in(client, "alice", PASSWORD, "203.0.113.2").status_code == 302


def test_lockout_page_is_translated(client, people):
    lock(client)
    page = sign_in(client, "alice", PASSWORD, headers={"Accept-Language": "zh-hans"})
    assert page.status_code == 429 and "密码错误次数过多" in page.content.decode()


def test_unknown_account_is_locked_like_an_existing_one(client, people):
    assert lock(client, "nobody") == [200, 200, 200, 200, 429]
    page = sign_in(client, "nobody", PASSWORD).content
    lock(client)
    assert sign_in(client, "alice", PASSWORD).content == page


@pytest.mark.parametrize("spelling", ["alice ", " alice", "ａlice", "alice\t"])
def test_lockout_applies_to_other_spellings_of_the_username(client, people, spelling):
    lock(client)
    assert sign_in(client, spelling, PASSWORD).status_code == 429


def test_lockout_does_not_depend_on_the_user_agent(client, people):
    responses = [
        sign_in(client, "alice", "guess", headers={"User-Agent": f"Browser {n}"}).status_code for n in range(6)
    ]
    assert responses == [200, 200, 200, 200, 429, 429]


def test_signing_in_resets_the_failure_count(client, people):
    for _ in range(3):
        assert [sign_in(client, "alice", "typo").status_code for _ in range(4)] == [200] * 4
        assert sign_in(client, "alice", PASSWORD).status_code == 302
        client.logout()


def test_wrong_password_during_lockout_does_not_prolong_it(client, people, settings):
    lock(client)
    sign_in(client, "alice", "guess")
    attempt = AccessAttempt.objects.get()
    assert attempt.failures_since_start == 5
    AccessAttempt.objects.update(attempt_time=now() - settings.AXES_COOLOFF_TIME)
    assert sign_in(client, "alice", PASSWORD).status_code == 302


def test_stored_attempt_is_short_and_contains_no_password(client, people):
    client.post(LOGIN, {"username": "alice", "password": "nearly the password", "more": "x" * 1_000_000})
    attempt = AccessAttempt.objects.get()
    assert "nearly" not in attempt.post_data and len(attempt.post_data) < 2_000


def test_axes_reset_username_unlocks_the_account(client, people):
    lock(client)
    call_command("axes_reset_username", "alice")
    assert sign_in(client, "alice", PASSWORD).status_code == 302


# Unlocking

LOCKS = "/admin/axes/accessattempt/"


def member(group):
    account = User.objects.create_user(group.lower(), password=PASSWORD, is_staff=True)
    account.groups.add(Group.objects.get(name=group))
    return account


@pytest.mark.parametrize(
    ("group", "responses"),
    [(None, 302), ("Editors", 403), ("Curators", 403), ("Administrators", 200)],
)
def test_only_administrators_can_unlock_accounts(client, people, group, responses):
    lock(client)
    if group:
        client.force_login(member(group))
    attempt = AccessAttempt.objects.get()
    page = client.get(LOCKS)
    assert page.status_code == responses
    assert client.get(f"{LOCKS}add/").status_code == (302 if group is None else 403)
    unlock = {"action": "delete_selected", "_selected_action": attempt.pk, "post": "yes"}
    client.post(LOCKS, unlock)
    client.post(f"{LOCKS}{attempt.pk}/delete/", {"post": "yes"})
    client.logout()
    unlocked = sign_in(client, "alice", PASSWORD).status_code == 302
    assert unlocked is (responses == 200)
    if unlocked:
        assert "alice" in page.content.decode() and "icon-yes" in page.content.decode()


@pytest.mark.parametrize("query", ["username__regex=((((", "ip_address=x", "post_data__contains=a"])
def test_undeclared_filter_of_locked_accounts_returns_400(client, people, query):
    client.force_login(User.objects.get(username="alice"))
    assert client.get(f"{LOCKS}?{query}").status_code == 400


# On a live server


class Browser:
    """Client with its own IP address, whose requests reach the site through a proxy."""

    def __init__(self, site, address):
        self.site, self.address = site, address
        self.cookies = {}

    def send(self, method, path, data=None, forged=""):
        headers = {
            "X-Forwarded-For": ", ".join(filter(None, (forged, self.address))),
            "X-Forwarded-Proto": "https",
            "Host": "localhost",
            "Referer": "https://localhost/",
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
        }
        body = None
        if data is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode(data)
        status, response, page = self.site.request(method, path, headers, body, timeout=60)
        for cookie in response.get_all("Set-Cookie") or ():
            name, value = cookie.split(";")[0].split("=", 1)
            self.cookies[name] = value
        return status, page.decode()

    def sign_in(self, name, password, forged=""):
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.send("GET", LOGIN)[1])[1]
        data = {"username": name, "password": password, "csrfmiddlewaretoken": token}
        return self.send("POST", LOGIN, data, forged)


# Run in one process, so that the server starts once.
serving = pytest.mark.xdist_group("lockout")


@pytest.fixture(scope="module")
def site():
    with server.migrated_database() as url:
        created = server.manage("shell", "-c", PEOPLE, DATABASE_URL=url)
        assert created.returncode == 0, created.stderr
        with server.Server(url, TRUSTED_PROXIES="127.0.0.0/8", WEB_THREADS="4") as running:
            yield running


@serving
def test_correct_password_after_thirty_wrong_ones_is_refused(site):
    """Each attempt forges a different X-Forwarded-For."""
    guesser = Browser(site, "198.51.100.7")
    responses = [guesser.sign_in("alice", f"guess {n}", forged=f"192.0.2.{n}")[0] for n in range(30)]
    assert responses == [200] * 4 + [429] * 26
    assert guesser.sign_in("alice", PASSWORD, forged="192.0.2.99")[0] == 429
    assert Browser(site, "198.51.100.7").sign_in("bob", PASSWORD)[0] == 302
    assert Browser(site, "198.51.100.8").sign_in("alice", PASSWORD)[0] == 302


@serving
def test_simultaneous_wrong_passwords_lock_the_account(site):
    """When the account is locked, each thread of the server is processing at most one attempt."""
    guessers = [Browser(site, "198.51.100.9") for _ in range(12)]
    with ThreadPoolExecutor(12) as pool:
        responses = list(pool.map(lambda guesser: guesser.sign_in("alice", "guess")[0], guessers))
    assert set(responses) == {200, 429} and responses.count(200) <= 4 + 4
    assert guessers[0].sign_in("alice", PASSWORD)[0] == 429


@serving
@pytest.mark.parametrize("name", ["x" * 151, "x" * 256, "x" * 5000, "梁" * 300])
def test_sign_in_with_too_long_username_shows_an_error(site, name):
    status, page = Browser(site, "198.51.100.10").sign_in(name, PASSWORD)
    assert status == 200 and "errorlist" in page and f"it has {len(name)}" in page


@serving
def test_failed_sign_in_is_logged_without_username_and_password(site):
    Browser(site, "198.51.100.77").sign_in("my secret typed in the wrong place", "another secret")
    assert "198.51.100.77" in site.log
    assert "secret" not in site.log


@pytest.mark.parametrize(
    ("language", "audience", "back"),
    [("en", "For editors.", "Back to the directory"), ("zh-hans", "供编辑使用。", "返回名录")],
)
def test_sign_in_page_links_back_to_the_directory(client, language, audience, back):
    page = client.get(f"{LOGIN}?next=/admin/actors/actor/1/change/", headers={"accept-language": language})
    assert f'{audience} <a href="/">{back}</a>' in page.content.decode()
