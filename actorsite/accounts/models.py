"""What the site itself keeps: the passkeys of its staff."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_otp.models import Device, TimestampMixin


class Passkey(TimestampMixin, Device):
    """A credential that a browser, a telephone or a security key holds (WebAuthn); django-otp's devices keep the rest.

    ``credential_id`` is base64url without padding, as browsers write it.
    """

    credential_id = models.TextField(unique=True)
    public_key = models.BinaryField()
    sign_count = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name = _("passkey")
        verbose_name_plural = _("passkeys")
        ordering = ["id"]
        # Each account keeps its own; nobody is given rights to others'.
        default_permissions = ()
