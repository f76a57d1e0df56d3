"""Models of the accounts: passkeys."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_otp.models import Device, TimestampMixin


class Passkey(TimestampMixin, Device):
    """A WebAuthn credential in a browser, phone or security key. django-otp has the models of other factors.

    ``credential_id`` is base64url without padding, as browsers write it.
    """

    credential_id = models.TextField(unique=True)
    public_key = models.BinaryField()
    sign_count = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name = _("passkey")
        verbose_name_plural = _("passkeys")
        ordering = ["id"]
        # Users manage only their own passkeys.
        default_permissions = ()
