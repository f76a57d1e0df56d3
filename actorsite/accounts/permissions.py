"""What permissions are called in the language of who reads: Django stores their names, in English."""

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as translated  # of names in variables: nothing to be gathered
from django.utils.translation import gettext_lazy as _

ACTIONS = {
    "add": _("Can add %(things)s"),
    "change": _("Can change %(things)s"),
    "delete": _("Can delete %(things)s"),
    "view": _("Can view %(things)s"),
}
# Of models whose names have no Chinese, or are not asked for it.
UNTRANSLATED_NAMES = [
    *(_("access attempt expiration"), _("access failure"), _("access log")),
    *(_("static device"), _("static token"), _("TOTP device"), _("merge")),
]


def permission_label(permission) -> str:
    """Return the text of a permission: what it is about, and what one can do then."""
    model = permission.content_type.model_class()
    if model is None:  # of an application that is not installed any more
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
    def label_from_instance(self, permission):
        return permission_label(permission)


class TranslatedPermissionsMixin:
    """Mixed into the ModelAdmin of accounts or of groups, whose ``permissions_field`` is of permissions."""

    permissions_field = "permissions"

    def formfield_for_manytomany(self, field, request, **kwargs):
        if field.name == self.permissions_field:
            kwargs["form_class"] = PermissionsField
        return super().formfield_for_manytomany(field, request, **kwargs)

    def get_fieldsets(self, request, owner=None):
        """Return the stock fieldsets. Who may only see the permissions gets a column of ours, not of their texts."""
        fieldsets = super().get_fieldsets(request, owner)
        changes = self.has_change_permission(request, owner) if owner else True
        if changes and self.permissions_field not in self.get_readonly_fields(request, owner):
            return fieldsets
        names = {self.permissions_field: "shown_permissions"}
        return [
            (title, {**options, "fields": [names.get(field, field) for field in options["fields"]]})
            for title, options in fieldsets
        ]

    @admin.display(description=Group._meta.get_field("permissions").verbose_name)
    def shown_permissions(self, owner):
        permissions = getattr(owner, self.permissions_field).select_related("content_type")
        return format_html_join(
            SafeString("<br>"), "{}", ((permission_label(permission),) for permission in permissions)
        )
