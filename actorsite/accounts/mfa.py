"""The second factor: whether a user needs one, their devices, and codes.

An account has at most one authenticator app (TOTP), any number of passkeys,
and recovery codes, each of which can be used once instead of the app or a passkey.
"""

import base64
import hashlib
import secrets

import segno
from django.conf import settings
from django.db import connection, transaction
from django.utils.safestring import mark_safe
from django.utils.timezone import now
from django_otp import login, verify_token
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from actorsite.accounts.models import Passkey

RECOVERY_CODE_COUNT = 10


def has_second_factor(account) -> bool:
    """Return whether ``account`` has an app or a passkey. Recovery codes alone do not count."""
    # Runs on every page of the admin. Building this query with the ORM takes five times as long as running it.
    tables = (kind._meta.db_table for kind in (TOTPDevice, Passkey))
    one = " UNION ALL ".join(f"SELECT 1 FROM {table} WHERE user_id = %(account)s AND confirmed" for table in tables)  # noqa: S608  our own identifiers; values are parameters
    with connection.cursor() as cursor:
        cursor.execute(f"{one} LIMIT 1", {"account": account.pk})
        return cursor.fetchone() is not None


def pending_step(request) -> str:
    """Return the step that the user still has to take after the password: "check", "enrolment" or ""."""
    if not hasattr(request, "_pending_mfa_step"):
        request._pending_mfa_step = _pending_step(request.user)
    return request._pending_mfa_step


def _pending_step(account):
    if account.is_verified():
        return ""
    if has_second_factor(account):
        return "check"
    return "enrolment" if settings.STAFF_SECOND_FACTOR == "required" else ""


def pass_check(request, device):
    """Mark the session as verified by ``device`` and give it a new key, so that the old key is useless."""
    login(request, device)
    request.session.cycle_key()
    request.__dict__.pop("_pending_mfa_step", None)


def device_for(account, code: str):
    """Return the device that checks ``code``: the app for six digits, else the recovery codes; None if not set up."""
    kind = TOTPDevice if code.isascii() and code.isdigit() and len(code) == 6 else StaticDevice
    return kind.objects.devices_for_user(account, confirmed=True).first()


def normalize_code(code: str) -> str:
    """Return ``code`` in lower case, without the spaces and hyphens that people type."""
    return "".join(code.split()).replace("-", "").lower()


def verify_code(account, device, code: str) -> bool:
    """Return whether ``device`` accepts ``code``, which is then used up. A wrong code delays the next attempt."""
    token = recovery_code_digest(code) if isinstance(device, StaticDevice) else code
    return verify_token(account, device.persistent_id, token) is not None


def seconds_to_wait(device) -> int:
    """Return the seconds for which ``device`` still refuses codes after wrong ones; 0 if it accepts codes."""
    allowed, details = device.verify_is_allowed()
    if allowed:
        return 0
    return max(1, round((details["locked_until"] - now()).total_seconds()))


def recovery_code_digest(code: str) -> str:
    """Return the stored form of a recovery code: 80 bits of its hash, the most that django-otp's column holds."""
    return base64.b32encode(hashlib.sha256(code.encode()).digest()[:10]).decode().lower()


@transaction.atomic
def new_recovery_codes(account) -> list[str]:
    """Replace all recovery codes of ``account`` and return the new ones, in groups of four characters."""
    StaticDevice.objects.filter(user=account).delete()
    device = StaticDevice.objects.create(user=account, name="recovery codes")
    codes = [base64.b32encode(secrets.token_bytes(10)).decode().lower() for _ in range(RECOVERY_CODE_COUNT)]
    for code in codes:
        device.token_set.create(token=recovery_code_digest(code))
    return ["-".join(code[start : start + 4] for start in range(0, 16, 4)) for code in codes]


def recovery_codes_left(account) -> int:
    """Return the number of unused recovery codes of ``account``."""
    return sum(device.token_set.count() for device in StaticDevice.objects.filter(user=account))


@transaction.atomic
def confirm_app(account, key: str, code: str):
    """Replace the account's authenticator app if ``code`` is valid for the new one.

    Args:
        account: The user.
        key: The secret of the new app, in hexadecimal.
        code: A code that the new app shows.

    Returns:
        The new device, or None if the code is wrong.
    """
    device = TOTPDevice.objects.create(user=account, name="app", key=key)
    if not device.verify_token(code):
        device.delete()
        return None
    TOTPDevice.objects.filter(user=account).exclude(pk=device.pk).delete()
    return device


def provisioning_uri(account, key: str) -> str:
    """Return the otpauth: URL that an app reads from the QR code."""
    return TOTPDevice(user=account, key=key).config_url


def qr_code(url: str) -> str:
    """Return ``url`` as a QR code in SVG without styles, which the content security policy would block."""
    # The border and the white background are part of the image, so that it can be scanned in dark mode too.
    svg = segno.make(url, error="m").svg_inline(scale=5, border=4, light="#fff", dark="#000", omitsize=False)
    return mark_safe(svg)  # noqa: S308  segno's SVG has only shapes, no text


@transaction.atomic
def remove_device(account, kind: str, pk: int | None = None) -> bool:
    """Remove the app ("app") or the passkey ``pk`` of ``account``, and with the last of them the recovery codes.

    Returns whether anything was removed.
    """
    if kind == "app":
        deleted, _by_model = TOTPDevice.objects.filter(user=account).delete()
    else:
        deleted, _by_model = Passkey.objects.filter(user=account, pk=pk).delete()
    if not has_second_factor(account):
        StaticDevice.objects.filter(user=account).delete()
    return bool(deleted)


@transaction.atomic
def reset_second_factor(account) -> bool:
    """Remove all second factors of ``account``, whose sessions are then unverified. Returns whether there were any."""
    deleted = 0
    for model in (TOTPDevice, Passkey, StaticDevice):
        deleted += model.objects.filter(user=account).delete()[0]
    return bool(deleted)
