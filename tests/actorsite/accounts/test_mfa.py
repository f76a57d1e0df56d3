"""The second factor: a password alone is not enough for users who have one or must have one."""

import base64
import re
import time
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils.timezone import now
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from actors.models import Actor
from actorsite.accounts import mfa
from actorsite.accounts.models import Passkey
from tests.clients import PASSWORD

pytestmark = pytest.mark.django_db


OWN, CHECK, APP = "/admin/second-factor/", "/admin/second-factor/check/", "/admin/second-factor/app/"
SCRIPTS = [f"{OWN}passkeys/{name}/" for name in ("new", "add", "known", "check")]


def person(name, group=None, **traits):
    account = User.objects.create_user(name, password=PASSWORD, is_staff=True, **traits)
    if group:
        account.groups.add(Group.objects.get(name=group))
    return account


@pytest.fixture
def alice():
    return person("alice", "Editors")


def give_app(account):
    return TOTPDevice.objects.create(user=account, name="app")


def code_of(device):
    """Return the code that the authenticator app ``device`` shows now."""
    generator = TOTP(device.bin_key, device.step, device.t0, device.digits, device.drift)
    generator.time = time.time()
    return f"{generator.token():06d}"


def next_code(account):
    """Return a code that is valid for ``account`` now: the current one, or the one after the last that was used.

    The code of the next time step is not always valid: if a code was used as its time step ended, django-otp has
    stored that the app's clock is late.
    """
    device = TOTPDevice.objects.get(user__username=account)
    generator = TOTP(device.bin_key, device.step, device.t0, device.digits, device.drift)
    generator.time = time.time()
    generator.drift += max(0, device.last_t + 1 - generator.t())
    return f"{generator.token():06d}"


def browser(name="alice"):
    """Return a client in which ``name`` has signed in with the password alone."""
    opened = Client()
    assert opened.post("/admin/login/", {"username": name, "password": PASSWORD}).status_code == 302
    return opened


def final_path(opened, url="/admin/actors/actor/"):
    """Follow the redirects from ``url``; return the path of the last page."""
    response = opened.get(url, follow=True)
    assert response.status_code == 200
    return response.request["PATH_INFO"]


def test_password_is_enough_if_optional_factor_is_not_set_up(alice):
    assert final_path(browser()) == "/admin/actors/actor/"


def test_password_alone_opens_no_page_if_account_has_factor(alice, actor):
    device = give_app(alice)
    opened = browser()
    for url in (
        "/admin/", "/admin/actors/actor/", f"/admin/actors/actor/{actor.pk}/change/", "/admin/actors/change/",
        "/admin/password_change/", "/admin/jsi18n/", OWN, APP, "/admin/login/",
        "/admin/autocomplete/?term=m&app_label=actors&model_name=credit&field_name=actor",
    ):  # fmt: skip
        assert final_path(opened, url) == CHECK, url
    for url in (f"{OWN}codes/", f"{OWN}remove/", f"/admin/actors/actor/{actor.pk}/delete/", *SCRIPTS[:2]):
        assert opened.post(url, {"what": "app", "post": "yes", "seen": 1}).status_code == 302, url
    assert Actor.objects.exists() and TOTPDevice.objects.exists()
    page = opened.get(CHECK).content.decode()
    assert "nav-sidebar" not in page and "Change password" not in page
    assert opened.post(CHECK, {"code": code_of(device), "next": "/admin/actors/actor/"}).url == "/admin/actors/actor/"
    assert final_path(opened) == "/admin/actors/actor/"


def test_second_factor_check_redirects_only_within_the_site(alice):
    device = give_app(alice)
    opened = browser()
    ask = opened.get("/admin/actors/actor/?q=li", follow=True).redirect_chain[-1][0]
    assert parse_qs(urlsplit(ask).query)["next"] == ["/admin/actors/actor/?q=li"]
    assert opened.post(CHECK, {"code": code_of(device), "next": "https://evil.example/"}).url == "/admin/"


def test_second_factor_check_replaces_the_session_key(alice):
    device = give_app(alice)
    opened = browser()
    before = opened.session.session_key
    opened.post(CHECK, {"code": code_of(device)})
    assert opened.session.session_key != before
    stolen = Client()
    stolen.cookies["__Host-sessionid"] = before
    assert final_path(stolen) == "/admin/login/"


def test_authenticator_code_is_valid_once(alice):
    device = give_app(alice)
    code = code_of(device)
    assert browser().post(CHECK, {"code": code}).status_code == 302
    again = browser().post(CHECK, {"code": code})
    assert again.status_code == 200 and "wrong or was already used" in again.content.decode()


def test_code_of_another_account_is_refused(alice):
    give_app(alice)
    assert browser().post(CHECK, {"code": code_of(give_app(person("bob")))}).status_code == 200


@pytest.mark.parametrize("code", ["", "x", "000 000", "٠٠٠٠٠٠", "a\x00b", "x" * 41, "1" * 40, "-1", "²²²²²²"])
def test_malformed_code_shows_the_form_with_an_error(alice, code):
    give_app(alice)
    response = browser().post(CHECK, {"code": code})
    assert response.status_code == 200 and "errorlist" in response.content.decode()


def test_wrong_codes_delay_next_attempt_from_any_ip_address(alice):
    """A person who knows the password gets no more attempts by new sign-ins or other IP addresses."""
    device = give_app(alice)
    opened = browser()
    right = code_of(device)
    wrong = f"{(int(right) + 1) % 1_000_000:06d}"
    assert opened.post(CHECK, {"code": wrong}).status_code == 200

    def response_after(count):
        """Return the response to a correct code right after ``count`` failures.

        The client signs in before the last failure is dated, because signing in takes time.
        """
        signed_in, failed = browser(), now() + timedelta(seconds=0.4)
        TOTPDevice.objects.update(throttling_failure_count=count, throttling_failure_timestamp=failed)
        return signed_in.post(CHECK, {"code": right}, REMOTE_ADDR=f"203.0.113.{count}")

    for count in (4, 12):
        response = response_after(count)
        assert response.status_code == 429 and "Too many wrong codes. Wait" in response.content.decode()
        assert str(2 ** (count - 1))[:2] in response.content.decode()
    assert "Wait 1 second, then" in response_after(1).content.decode()


def test_wrong_codes_lock_the_account_like_wrong_passwords(alice):
    device = give_app(alice)
    opened = browser()
    responses = []
    for _ in range(5):
        TOTPDevice.objects.update(throttling_failure_timestamp=None)
        responses.append(opened.post(CHECK, {"code": "not a code"}).status_code)
    assert responses == [200, 200, 200, 200, 429]
    assert opened.post(CHECK, {"code": code_of(device)}).status_code == 429
    # Alice herself uses another IP address.
    assert opened.post(CHECK, {"code": code_of(device)}, REMOTE_ADDR="203.0.113.9").status_code == 302


# Setting up


def key_shown(page):
    """Return a device with the secret that the set-up page shows, as an app would read it."""
    secret = re.search(r'<code class="secret">([A-Z2-7 ]+)</code>', page)[1].replace(" ", "")
    device = TOTPDevice()
    device.key = base64.b32decode(secret).hex()
    return device


def set_up_app(opened):
    page = opened.get(APP).content.decode()
    device = key_shown(page)
    return opened.post(APP, {"code": code_of(device)}), device


def test_authenticator_app_is_set_up_with_a_valid_code(alice):
    opened = browser()
    page = opened.get(APP).content.decode()
    assert "<svg" in page and "style=" not in page
    assert opened.post(APP, {"code": "123"}).status_code == 200
    assert not TOTPDevice.objects.exists() and final_path(opened) == "/admin/actors/actor/"
    response = opened.post(APP, {"code": code_of(key_shown(page))})
    # Without recovery codes, a user who loses the app cannot sign in any more.
    assert response.url == f"{OWN}codes/"
    asked = opened.get(response.url).content.decode()
    assert (
        "Create recovery codes" in asked
        and "The authenticator app is set up." in asked
        and not StaticToken.objects.exists()
    )
    opened.post(response.url)
    assert opened.get(response.url).url == OWN
    assert set_up_app(opened)[0].url == OWN
    assert final_path(opened) == "/admin/actors/actor/"  # this session is verified
    assert final_path(browser()) == CHECK


def test_qr_code_contains_the_secret_shown_on_the_page(alice):
    page = browser().get(APP).content.decode()
    url = mfa.provisioning_uri(alice, key_shown(page).key)
    assert url.startswith("otpauth://totp/Actorsite%3Aalice?secret=")
    assert str(mfa.qr_code(url)) in unescape(page) or str(mfa.qr_code(url)) in page


def test_new_authenticator_app_replaces_the_old_one(alice):
    opened = browser()
    _response, first = set_up_app(opened)
    _response, second = set_up_app(opened)
    assert TOTPDevice.objects.get().key == second.key != first.key
    assert browser().post(CHECK, {"code": code_of(first)}).status_code == 200


def test_recovery_codes_are_hashed_and_valid_once(alice):
    opened = browser()
    set_up_app(opened)
    shown = re.findall(r"<code>([a-z2-7-]+)</code>", opened.post(f"{OWN}codes/").content.decode())
    assert len(set(shown)) == 10
    kept = set(StaticToken.objects.values_list("token", flat=True))
    assert len(kept) == 10 and not kept & {mfa.normalize_code(code) for code in shown}
    assert browser().post(CHECK, {"code": shown[0].upper().replace("-", " ")}).status_code == 302
    assert browser().post(CHECK, {"code": shown[0]}).status_code == 200
    assert "9 codes are left" in opened.get(OWN).content.decode()
    again = re.findall(r"<code>([a-z2-7-]+)</code>", opened.post(f"{OWN}codes/").content.decode())
    assert not set(again) & set(shown)


def test_removal_of_last_factor_removes_recovery_codes(alice):
    opened = browser()
    set_up_app(opened)
    opened.post(f"{OWN}codes/")
    assert opened.post(f"{OWN}remove/", {"what": "app"}).url == OWN
    assert not StaticToken.objects.exists()
    assert final_path(browser()) == "/admin/actors/actor/"


def test_message_after_removal_names_the_second_factor(alice):
    opened = browser()
    set_up_app(opened)
    key = Passkey.objects.create(user=alice, name="Laptop <b>", credential_id="x", public_key=b"")
    for what, name in (
        (key.pk, "The passkey “Laptop &lt;b&gt;” was removed."),
        ("app", "The authenticator app was removed."),
    ):
        assert name in opened.post(f"{OWN}remove/", {"what": what}, follow=True).content.decode()


def test_second_factor_of_another_account_cannot_be_removed(alice):
    bob = person("bob")
    key = Passkey.objects.create(user=bob, name="key", credential_id="x", public_key=b"")
    opened = browser()
    for what in (str(key.pk), "0", "9" * 30, "²", "", "app"):
        assert opened.post(f"{OWN}remove/", {"what": what}).status_code == 302
    assert Passkey.objects.exists()


# Required for all staff


def test_no_page_opens_before_required_factor_is_set_up(alice, settings):
    settings.STAFF_SECOND_FACTOR = "required"
    opened = browser()
    for url in ("/admin/", "/admin/actors/actor/", "/admin/password_change/", "/admin/login/"):
        assert final_path(opened, url) == OWN, url
    assert "requires a second factor for all editors" in opened.get(OWN).content.decode()
    set_up_app(opened)
    assert final_path(opened) == "/admin/actors/actor/"


# Access to the pages


def test_second_factor_pages_require_signing_in_as_staff(client, alice):
    for url in (OWN, CHECK, APP):
        assert final_path(client, url) == "/admin/login/"
    for url in (f"{OWN}codes/", f"{OWN}remove/", *SCRIPTS):
        assert client.post(url).status_code == 302
        assert client.get(url).status_code == 302
    visitor = User.objects.create_user("visitor", password=PASSWORD)
    client.force_login(visitor)
    assert final_path(client, OWN) == "/admin/login/"


def test_signing_out_needs_no_second_factor(alice):
    give_app(alice)
    opened = browser()
    opened.post("/admin/logout/")
    assert final_path(opened) == "/admin/login/"


@pytest.mark.parametrize("url", [f"{OWN}remove/", *SCRIPTS])
def test_second_factor_changes_require_post(alice, url):
    opened = browser()
    set_up_app(opened)
    assert opened.get(url).status_code == 405


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"credential": 1}',
        b'{"credential": {"id": {}}}',
        b"\xff",
        b"[" * 100_000,
        b'{"credential": {"id": "\\u0000"}}',
    ],
    ids=range(8),
)
@pytest.mark.parametrize("url", [SCRIPTS[1], SCRIPTS[3]])
def test_invalid_passkey_is_refused(alice, url, body):
    opened = browser()
    set_up_app(opened)
    opened.post(url.replace("add", "new").replace("check", "known"), b"{}", "application/json")
    response = opened.post(url, body, "application/json")
    assert response.status_code == 400 and response.json()["message"]
    assert not Passkey.objects.exists()


ACCOUNTS = "/admin/auth/user/"


@pytest.mark.parametrize(
    ("role", "target", "done"),
    [
        ("Editors", "alice", False),
        ("Curators", "alice", False),
        ("Administrators", "alice", True),
        ("Administrators", "root", False),
        ("superuser", "root", True),
    ],
)
def test_second_factor_reset_depends_on_role_and_account(client, alice, role, target, done):
    root = person("root", is_superuser=True)
    colleague = person("dora", None if role == "superuser" else role, is_superuser=role == "superuser")
    account = {"alice": alice, "root": root}[target]
    give_app(account)
    mfa.new_recovery_codes(account)
    opened = browser(target)
    client.force_login(colleague)
    client.post(ACCOUNTS, {"action": "reset_second_factor", "_selected_action": account.pk})
    assert mfa.has_second_factor(account) is not done
    assert LogEntry.objects.filter(object_id=account.pk, user=colleague).exists() is done
    assert StaticToken.objects.exists() is not done
    assert (final_path(opened, "/admin/") == "/admin/") is done


def test_second_factor_reset_revokes_verified_sessions(alice, settings):
    settings.STAFF_SECOND_FACTOR = "required"
    opened = browser()
    set_up_app(opened)
    assert final_path(opened) == "/admin/actors/actor/"
    mfa.reset_second_factor(alice)
    assert final_path(opened) == OWN


def test_reset_second_factor_command_accepts_existing_accounts_only(alice, capsys):
    give_app(alice)
    call_command("reset_second_factor", "alice")
    assert capsys.readouterr().out == "Removed all second factors of alice.\n"
    assert final_path(browser()) == "/admin/actors/actor/"
    with pytest.raises(CommandError, match="No account is named nobody"):
        call_command("reset_second_factor", "nobody")


def test_second_factor_secrets_have_no_page_in_the_admin(client):
    client.force_login(person("root", is_superuser=True))
    for model in ("otp_totp/totpdevice", "otp_static/staticdevice", "actorsite/passkey"):
        assert client.get(f"/admin/{model}/").status_code == 404
