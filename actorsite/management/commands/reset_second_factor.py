"""``manage.py reset_second_factor``: remove an account's second factors if no administrator can."""

import argparse
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from actorsite.accounts import mfa


class Command(BaseCommand):
    """Remove the second factors of an account."""

    help = "Remove all second factors of the account NAME, so that the user can sign in without one."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add NAME."""
        parser.add_argument("name", metavar="NAME")

    def handle(self, *args: Any, name: str, **options: Any) -> None:
        """Remove all second factors of the account. Raises CommandError if the account does not exist."""
        account = get_user_model()._default_manager.filter(username=name).first()
        if account is None:
            raise CommandError(f"No account is named {name}.")
        had = mfa.reset_second_factor(account)
        self.stdout.write(f"Removed all second factors of {name}." if had else f"{name} has no second factor.")
