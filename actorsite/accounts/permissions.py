"""Translated names of permissions: Django stores them in the database, in English."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as translated  # for variables: makemessages skips it
from django.utils.translation import gettext_lazy as _

from actorsite.admin_site.mixin_base import ModelAdminMixin

ACTIONS = {
    "add": _("Can add %(things)s"),
    "change": _("Can change %(things)s"),
    "delete": _("Can delete %(things)s"),
    "view": _("Can view %(things)s"),
}
# Names of models that their applications do not translate or mark for translation, listed for makemessages.
UNTRANSLATED_NAMES = [
    *(_("access attempt expiration"), _("access failure"), _("access log")),
    *(_("static device"), _("static token"), _("TOTP device")),
]


def permission_label(permission) -> str:
    """Return the translated label of a permission: application, model and action."""
    model = permission.content_type.model_class()
    if model is None:  # The application of the permission is no longer installed.
        return str(permission)
    opts = model._meta
    things, own = translated(opts.verbose_name), dict(opts.permissions)
    name, action = permission.name, permission.codename.removesuffix(f"_{opts.model_name}")
    if permission.codename in own:
        name = own[permission.codename]
    elif action in opts.default_permissions and action in ACTIONS:
        name = ACTIONS[action] % {"things": things}
    return f"{opts.app_config.verbose_name} | {things} | {name}"


class PermissionsField(forms.ModelMultipleChoiceField):
    """Choice of permissions with translated labels."""

    def label_from_instance(self, permission):
        """Return the translated label."""
        return permission_label(permission)


class TranslatedPermissionsMixin(ModelAdminMixin):
    """ModelAdmin mixin that translates the permissions in the field ``permissions_field``."""

    permissions_field = "permissions"

    def formfield_for_manytomany(self, db_field, request, **kwargs):
        """Return the form field. The field of permissions has translated labels."""
        if db_field.name == self.permissions_field:
            kwargs["form_class"] = PermissionsField
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def get_fieldsets(self, request, owner=None):
        """Return the fieldsets. Users who may only view the permissions get translated labels too."""
        fieldsets = super().get_fieldsets(request, owner)
        can_change = self.has_change_permission(request, owner) if owner else True
        if can_change and self.permissions_field not in self.get_readonly_fields(request, owner):
            return fieldsets
        names: dict[Any, str] = {self.permissions_field: "shown_permissions"}
        return [
            (title, {**options, "fields": [names.get(field, field) for field in options["fields"]]})
            for title, options in fieldsets
        ]

    @admin.display(description=Group._meta.get_field("permissions").verbose_name)
    def shown_permissions(self, owner):
        """Return the translated labels of the permissions, one per line."""
        permissions = getattr(owner, self.permissions_field).select_related("content_type")
        return format_html_join(
            SafeString("<br>"), "{}", ((permission_label(permission),) for permission in permissions)
        )
