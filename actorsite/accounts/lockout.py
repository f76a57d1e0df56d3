"""Signing in: the form, and what who tried too often is told."""

from datetime import timedelta

from axes.helpers import get_cool_off
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in
from django.core.validators import MaxLengthValidator
from django.dispatch import receiver
from django.template.response import TemplateResponse
from django.utils.timezone import now

from actorsite.admin_site.form_recovery import recover_form


class SignInForm(AdminAuthenticationForm):
    """The stock form, which bounds the name's length in the browser only.

    A longer name is no account's, and is an error of django-axes on PostgreSQL:
    https://github.com/jazzband/django-axes/issues/1381
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        longest = get_user_model()._meta.get_field("username").max_length
        self.fields["username"].validators.append(MaxLengthValidator(longest))


def locked_out(request, response=None, credentials=None):
    """The page (429) for an address that is locked out of an account; it does not say whether there is one."""
    lock = get_cool_off(request)
    context = {
        **admin.site.each_context(request),
        "minutes": int(lock.total_seconds() // 60),
        "held": recover_form(request),
    }
    request.current_app = admin.site.name
    page = TemplateResponse(request, "admin/locked_out.html", context, status=429)
    page["Retry-After"] = int(lock.total_seconds())
    return page.render()


@receiver(user_logged_in, dispatch_uid="actorsite.accounts.lockout")
def limit_session(sender, request, **kwargs):
    """End the session SESSION_HOURS after it began, whatever is done meanwhile; and delete those that ended."""
    request.session.set_expiry(now() + timedelta(seconds=settings.SESSION_COOKIE_AGE))
    request.session.clear_expired()
