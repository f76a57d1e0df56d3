"""App configurations: libraries with verbose names for administrators, and the admin with the project's site."""

from axes.apps import AppConfig as AxesConfig
from django.contrib.admin.apps import AdminConfig
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_static.apps import DefaultConfig as OTPStaticConfig
from django_otp.plugins.otp_totp.apps import DefaultConfig as OTPTOTPConfig


class LockoutConfig(AxesConfig):
    verbose_name = _("Sign-in")


class AuthenticatorAppConfig(OTPTOTPConfig):
    verbose_name = _("Authenticator apps")


class RecoveryCodeConfig(OTPStaticConfig):
    verbose_name = _("Recovery codes")


class AdminSiteConfig(AdminConfig):
    default_site = "actorsite.admin_site.site.EditorsSite"
