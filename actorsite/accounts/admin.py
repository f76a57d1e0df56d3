"""The titles of the admin site, and the admin pages for users, groups and locked accounts."""

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from actorsite.accounts import mfa
from actorsite.accounts.permissions import TranslatedPermissionsMixin
from actorsite.accounts.sign_in import SignInForm
from actorsite.admin_site.changelist import DeclaredLookupsMixin

admin.site.site_header = _("Actorsite editors")
admin.site.site_title = _("Actorsite editors")
admin.site.login_form = SignInForm
admin.site.login_template = "admin/sign_in.html"
admin.site.index_title = _("Directory")

admin.site.unregister([User, Group])
# The admin pages of these devices would show secrets. actorsite.accounts.mfa_views has the pages for a user's factors.
admin.site.unregister([TOTPDevice, StaticDevice])


@admin.register(User)
class AccountAdmin(TranslatedPermissionsMixin, DeclaredLookupsMixin, UserAdmin):
    """Users. Only superusers can create or change superusers; otherwise every administrator could become one."""

    actions = ["reset_second_factor"]
    permissions_field = "user_permissions"
    # Django's widget with two boxes hides its help text from screen readers.
    filter_horizontal = ()

    @admin.action(description=_("Reset the second factor of the selected accounts"), permissions=["change"])
    def reset_second_factor(self, request, accounts):
        """Remove all second factors of the selected users, and log each reset."""
        reset = 0
        for account in accounts:
            if not self._may_change(request, account):
                message = gettext("Only superusers can reset the second factor of %(account)s.")
                self.message_user(request, message % {"account": account}, messages.ERROR)
            elif mfa.reset_second_factor(account):
                self.log_change(request, account, "Reset the second factor.")
                reset += 1
        message = ngettext(
            "The second factor of %(n)d account was reset.", "The second factors of %(n)d accounts were reset.", reset
        )
        self.message_user(request, message % {"n": reset}, messages.SUCCESS if reset else messages.WARNING)

    def get_readonly_fields(self, request, account=None):
        """Return the fields that the user may only read. Only superusers may grant superuser status and permissions."""
        fields = ["last_login", "date_joined"]
        if request.user.is_superuser:
            return fields
        return [*fields, "is_superuser", "user_permissions", "shown_permissions"]

    def has_change_permission(self, request, account=None):
        """Return whether the user may change ``account``. Only superusers may change superusers."""
        return super().has_change_permission(request, account) and self._may_change(request, account)

    def has_delete_permission(self, request, account=None):
        """Return whether the user may delete ``account``. Only superusers may delete superusers."""
        return super().has_delete_permission(request, account) and self._may_change(request, account)

    def get_deleted_objects(self, accounts, request):
        """Return the objects to delete. Only superusers may delete superusers, including by the list's action."""
        deleted, counts, perms_needed, protected = super().get_deleted_objects(accounts, request)
        if not all(self._may_change(request, account) for account in accounts):
            perms_needed = {*perms_needed, str(self.opts.verbose_name)}
        return deleted, counts, perms_needed, protected

    @staticmethod
    def _may_change(request, account):
        return request.user.is_superuser or account is None or not account.is_superuser


@admin.register(Group)
# GroupAdmin.formfield_for_manytomany declares `request` as optional, the mixin as required. Django always passes it.
class RoleAdmin(TranslatedPermissionsMixin, DeclaredLookupsMixin, GroupAdmin):  # type: ignore[misc]
    """Groups, with translated labels of permissions."""

    filter_horizontal = ()


# Texts of Django's admin without a Chinese translation, listed for makemessages.
ADMIN_TEXTS = [_("Error:"), _("Model name"), _("Add link"), _("Change or view list link")]
# Texts of django-axes, which has no Chinese translation.
AXES_TEXTS = [_("access attempt"), _("access attempts"), _("IP Address"), _("Failed Logins"), _("Attempt Time")]


@admin.register(AccessAttempt)
class LockedAccountAdmin(DeclaredLookupsMixin, admin.ModelAdmin):
    """Recent failed sign-ins by account and IP address. Deleting an entry unlocks the account for its IP address."""

    list_display = ["account", "ip_address", "failures_since_start", "attempt_time", "locked"]
    list_display_links = None
    search_fields = ["username"]
    sortable_by = []

    def changelist_view(self, request, extra_context=None):
        """Return the list, with a subtitle that says how to unlock an account."""
        context = {"subtitle": _("Delete an entry to unlock the account for that address."), **(extra_context or {})}
        return super().changelist_view(request, context)

    def has_add_permission(self, request):
        """Return False: only django-axes adds entries."""
        return False

    def has_change_permission(self, request, attempt=None):
        """Return False: entries can only be deleted."""
        return False

    @admin.display(description=_("username"))
    def account(self, attempt):
        """Return the username."""
        # The label of the field itself has no Chinese translation.
        return attempt.username

    @admin.display(description=_("locked"), boolean=True)
    def locked(self, attempt):
        """Return whether the account is locked for the IP address of ``attempt``."""
        return attempt.failures_since_start >= settings.AXES_FAILURE_LIMIT
