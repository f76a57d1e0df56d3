"""Sign-in: the form, and the time limit of sessions."""

from datetime import timedelta

from django.conf import settings
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in
from django.core.validators import MaxLengthValidator
from django.dispatch import receiver
from django.utils.timezone import now


class SignInForm(AdminAuthenticationForm):
    """Django's form, with the length of the username checked on the server too.

    No user has a longer name, and django-axes fails to store a longer one on PostgreSQL:
    https://github.com/jazzband/django-axes/issues/1381
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        max_length = get_user_model()._meta.get_field("username").max_length
        self.fields["username"].validators.append(MaxLengthValidator(max_length))


@receiver(user_logged_in, dispatch_uid="actorsite.accounts.sign_in")
def limit_session(sender, request, **kwargs):
    """End the session SESSION_HOURS after it began, even if it is in use, and delete expired sessions."""
    request.session.set_expiry(now() + timedelta(seconds=settings.SESSION_COOKIE_AGE))
    request.session.clear_expired()
