"""The second factor: who needs one, what an account has, and codes.

An account has at most one authenticator app (TOTP), any number of passkeys,
and recovery codes, which stand in for either once each.
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

from actorsite.models import Passkey

RECOVERY_CODE_COUNT = 10


def has_second_factor(account) -> bool:
    """Whether ``account`` has an app or a passkey; recovery codes alone are none."""
    # Every page of the admin asks. The ORM needs five times as long to say this as the database to answer.
    tables = (kind._meta.db_table for kind in (TOTPDevice, Passkey))
    one = " UNION ALL ".join(f"SELECT 1 FROM {table} WHERE user_id = %(account)s AND confirmed" for table in tables)  # noqa: S608  tables of ours
    with connection.cursor() as cursor:
        cursor.execute(f"{one} LIMIT 1", {"account": account.pk})
        return cursor.fetchone() is not None


def pending_step(request) -> str:
    """Return what stands between who is signed in and the pages: "check", "enrolment", or nothing, which is ""."""
    if not hasattr(request, "_second_factor_awaited"):
        request._second_factor_awaited = _pending_step(request.user)
    return request._second_factor_awaited


def _pending_step(account):
    if account.is_verified():
        return ""
    if has_second_factor(account):
        return "check"
    return "enrolment" if settings.STAFF_SECOND_FACTOR == "required" else ""


def pass_check(request, device):
    """Let the session in by ``device``, under a new key, so that an old one is worth nothing."""
    login(request, device)
    request.session.cycle_key()
    request.__dict__.pop("_second_factor_awaited", None)


def device_for(account, code: str):
    """Return the device that ``code`` is for by its form, six digits or a recovery code; None where there is none."""
    kind = TOTPDevice if code.isascii() and code.isdigit() and len(code) == 6 else StaticDevice
    return kind.objects.devices_for_user(account, confirmed=True).first()


def normalize_code(code: str) -> str:
    """Return a code as it is compared: people type spaces, hyphens and capitals."""
    return "".join(code.split()).replace("-", "").lower()


def verify_code(account, device, code: str) -> bool:
    """Whether the account's ``device`` takes ``code``, which then is used up. A wrong one makes the next wait."""
    token = recovery_code_digest(code) if isinstance(device, StaticDevice) else code
    return verify_token(account, device.persistent_id, token) is not None


def seconds_to_wait(device) -> int:
    """Return for how long ``device`` takes no code, because of wrong ones."""
    allowed, why = device.verify_is_allowed()
    if allowed:
        return 0
    return max(1, round((why["locked_until"] - now()).total_seconds()))


def recovery_code_digest(code: str) -> str:
    """Return what is kept of a recovery code: 80 bits of its hash, the most that django-otp's column holds."""
    return base64.b32encode(hashlib.sha256(code.encode()).digest()[:10]).decode().lower()


@transaction.atomic
def new_recovery_codes(account) -> list[str]:
    """Give ``account`` new recovery codes in place of all the old ones; return them as they are to be written down."""
    StaticDevice.objects.filter(user=account).delete()
    device = StaticDevice.objects.create(user=account, name="recovery codes")
    codes = [base64.b32encode(secrets.token_bytes(10)).decode().lower() for _ in range(RECOVERY_CODE_COUNT)]
    for code in codes:
        device.token_set.create(token=recovery_code_digest(code))
    return ["-".join(code[start : start + 4] for start in range(0, 16, 4)) for code in codes]


def recovery_codes_left(account) -> int:
    return sum(device.token_set.count() for device in StaticDevice.objects.filter(user=account))


@transaction.atomic
def confirm_app(account, key: str, code: str):
    """Make the app with the secret ``key`` (hex) the account's, in place of another, if ``code`` is one of its codes.

    Returns the device, or None where the code is not.
    """
    device = TOTPDevice.objects.create(user=account, name="app", key=key)
    if not device.verify_token(code):
        device.delete()
        return None
    TOTPDevice.objects.filter(user=account).exclude(pk=device.pk).delete()
    return device


def app_address(account, key: str) -> str:
    """Return the otpauth: address that an app reads from the QR code."""
    return TOTPDevice(user=account, key=key).config_url


def qr_code(address: str) -> str:
    """Return ``address`` as a QR code in SVG without styles, which the policy would refuse."""
    # Quiet zone and white ground are in the picture: it must be read in dark mode too.
    svg = segno.make(address, error="m").svg_inline(scale=5, border=4, light="#fff", dark="#000", omitsize=False)
    return mark_safe(svg)  # noqa: S308  segno's own, of black and white squares


@transaction.atomic
def remove_device(account, kind: str, pk: int | None = None) -> bool:
    """Take from ``account`` its "app" or the passkey ``pk``, and with the last of them the recovery codes."""
    if kind == "app":
        gone, _kinds = TOTPDevice.objects.filter(user=account).delete()
    else:
        gone, _kinds = Passkey.objects.filter(user=account, pk=pk).delete()
    if not has_second_factor(account):
        StaticDevice.objects.filter(user=account).delete()
    return bool(gone)


@transaction.atomic
def reset_second_factor(account) -> bool:
    """Take every factor from ``account``, whose sessions need a new check. Returns whether there was any."""
    gone = 0
    for kind in (TOTPDevice, Passkey, StaticDevice):
        gone += kind.objects.filter(user=account).delete()[0]
    return bool(gone)
