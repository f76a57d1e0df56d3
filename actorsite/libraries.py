"""The libraries' own applications, under names that say to an administrator what they are for."""

from axes.apps import AppConfig as AxesConfig
from django.contrib.admin.apps import AdminConfig
from django.utils.translation import gettext_lazy as _


class FailedSignIns(AxesConfig):
    verbose_name = _("Signing in")


class EditorsAdmin(AdminConfig):
    default_site = "actorsite.site.EditorsSite"
