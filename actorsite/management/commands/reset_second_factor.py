"""``manage.py reset_second_factor``: for an account that lost its second factor, if no administrator can reset it."""

import argparse
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from actorsite.accounts import mfa


class Command(BaseCommand):
    help = "Take every second factor from the account NAME, which sets up a new one at its next signing in."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME")

    def handle(self, *args: Any, name: str, **options: Any) -> None:
        """Remove all second factors of the account. Raises CommandError if there is no such account."""
        account = get_user_model()._default_manager.filter(username=name).first()
        if account is None:
            raise CommandError(f"There is no account {name}.")
        had = mfa.reset_second_factor(account)
        self.stdout.write(f"{name} has no second factor any more." if had else f"{name} has no second factor.")
