"""App configurations: libraries with verbose names for administrators, and the admin with the project's site."""

from axes.apps import AppConfig as AxesConfig
from django.contrib.admin.apps import AdminConfig
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_static.apps import DefaultConfig as OTPStaticConfig
from django_otp.plugins.otp_totp.apps import DefaultConfig as OTPTOTPConfig


class LockoutConfig(AxesConfig):
    """django-axes, with a name for administrators."""

    verbose_name = _("Sign-in")


class AuthenticatorAppConfig(OTPTOTPConfig):
    """django-otp's authenticator apps, with a name for administrators."""

    verbose_name = _("Authenticator apps")


class RecoveryCodeConfig(OTPStaticConfig):
    """django-otp's static codes, with a name for administrators."""

    verbose_name = _("Recovery codes")


class AdminSiteConfig(AdminConfig):
    """Django's admin, with the project's admin site."""

    default_site = "actorsite.admin_site.site.EditorsSite"
