"""``manage.py ensure_superuser``: create the first administrator from the environment."""

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError, transaction

VARIABLES_BY_FIELD = {"username": "DJANGO_SUPERUSER_USERNAME", "password": "DJANGO_SUPERUSER_PASSWORD"}


class Command(BaseCommand):
    """Create the first administrator."""

    help = (
        "Create the first administrator from DJANGO_SUPERUSER_USERNAME, DJANGO_SUPERUSER_PASSWORD and "
        "DJANGO_SUPERUSER_EMAIL. Does nothing if an active administrator exists. Never changes an account."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Create the account unless there is an active administrator.

        Otherwise, the next deployment would create an account again that someone has
        renamed or deleted.

        Raises:
            CommandError: Only one of the two variables is set, the password is weak, or the
                name is taken by another account. No message shows the password.
        """
        wanted = settings.FIRST_ADMINISTRATOR
        accounts = get_user_model()._default_manager
        if administrator := accounts.filter(is_superuser=True, is_active=True).order_by("pk").first():
            self.stdout.write(f"An administrator already exists: {administrator.get_username()}. Nothing was changed.")
            return
        missing = [variable for key, variable in VARIABLES_BY_FIELD.items() if not wanted[key]]
        if len(missing) == len(VARIABLES_BY_FIELD):
            self.stdout.write(f"{' and '.join(missing)} are not set, so no administrator was created.")
            return
        if missing:
            raise CommandError(f"{missing[0]} must be set too. An administrator needs a user name and a password.")
        account = get_user_model()(username=wanted["username"], email=wanted["email"], is_staff=True, is_superuser=True)
        try:
            validate_password(wanted["password"], account)
        except ValidationError as error:
            raise CommandError(f"{VARIABLES_BY_FIELD['password']} is too weak. {' '.join(error.messages)}") from None
        account.set_password(wanted["password"])
        try:
            with transaction.atomic():
                account.save()
        except IntegrityError:
            if accounts.filter(username=wanted["username"], is_superuser=True, is_active=True).exists():
                self.stdout.write(f"An administrator already exists: {wanted['username']}. Nothing was changed.")
                return
            raise CommandError(
                f"{VARIABLES_BY_FIELD['username']} names an account that is not an active administrator. "
                "It was not changed."
            ) from None
        self.stdout.write(f"Created the administrator {wanted['username']}.")
