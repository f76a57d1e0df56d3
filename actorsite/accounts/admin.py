"""The admin as a whole, and its accounts."""

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from actors.admin.changelist import DeclaredLookupsMixin
from actorsite.accounts import mfa
from actorsite.accounts.lockout import SignInForm
from actorsite.accounts.permissions import TranslatedPermissionsMixin

admin.site.site_header = _("Actorsite editors")
admin.site.site_title = _("Actorsite editors")
admin.site.login_form = SignInForm
admin.site.login_template = "admin/sign_in.html"
admin.site.index_title = _("What you may edit")

admin.site.unregister([User, Group])
# Their stock pages show the secrets. Everybody has pages for their own factors.
admin.site.unregister([TOTPDevice, StaticDevice])


@admin.register(User)
class AccountAdmin(TranslatedPermissionsMixin, DeclaredLookupsMixin, UserAdmin):
    """Accounts; who is no superuser can make none, nor touch one: else every administrator would be one."""

    actions = ["reset_second_factor"]
    permissions_field = "user_permissions"
    # The stock widget of two boxes says its help to nobody who cannot see it.
    filter_horizontal = ()

    @admin.action(description=_("Reset the second factor of the selected accounts"), permissions=["change"])
    def reset_second_factor(self, request, accounts):
        """Take every factor from accounts whose owners lost theirs; each has an entry in the admin's log."""
        done = 0
        for account in accounts:
            if not self._within(request, account):
                message = gettext("%(account)s is a superuser, whom only superusers may change.")
                self.message_user(request, message % {"account": account}, messages.ERROR)
            elif mfa.reset_second_factor(account):
                self.log_change(request, account, "Reset the second factor.")
                done += 1
        said = ngettext("%(n)d second factor is reset.", "%(n)d second factors are reset.", done) % {"n": done}
        self.message_user(request, said, messages.SUCCESS if done else messages.WARNING)

    def get_readonly_fields(self, request, account=None):
        facts = ["last_login", "date_joined"]
        if request.user.is_superuser:
            return facts
        return [*facts, "is_superuser", "user_permissions", "shown_permissions"]

    def has_change_permission(self, request, account=None):
        return super().has_change_permission(request, account) and self._within(request, account)

    def has_delete_permission(self, request, account=None):
        return super().has_delete_permission(request, account) and self._within(request, account)

    def get_deleted_objects(self, accounts, request):
        """Keep superusers out of the list's deletion too."""
        deleted, counts, lacking, protected = super().get_deleted_objects(accounts, request)
        if not all(self._within(request, account) for account in accounts):
            lacking = {*lacking, self.opts.verbose_name}
        return deleted, counts, lacking, protected

    @staticmethod
    def _within(request, account):
        return request.user.is_superuser or account is None or not account.is_superuser


@admin.register(Group)
class RoleAdmin(TranslatedPermissionsMixin, DeclaredLookupsMixin, GroupAdmin):
    filter_horizontal = ()


# Of these the stock admin has no Chinese.
ADMIN_TEXTS = [_("Error:"), _("Model name"), _("Add link"), _("Change or view list link")]
# django-axes has none at all.
AXES_TEXTS = [_("access attempt"), _("access attempts"), _("IP Address"), _("Failed Logins"), _("Attempt Time")]


@admin.register(AccessAttempt)
class LockedAccountAdmin(DeclaredLookupsMixin, admin.ModelAdmin):
    """Who failed to sign in of late; deleting an entry unlocks the account for that address."""

    list_display = ["account", "ip_address", "failures_since_start", "attempt_time", "locked"]
    list_display_links = None
    search_fields = ["username"]
    sortable_by = []

    def changelist_view(self, request, extra_context=None):
        said = {"subtitle": _("Deleting an entry unlocks the account for that address.")}
        return super().changelist_view(request, {**said, **(extra_context or {})})

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, attempt=None):
        return False

    @admin.display(description=_("username"))
    def account(self, attempt):
        # Its own field's name has no Chinese.
        return attempt.username

    @admin.display(description=_("locked"), boolean=True)
    def locked(self, attempt):
        return attempt.failures_since_start >= settings.AXES_FAILURE_LIMIT
