"""Options shared by several commands."""

import argparse

from django.contrib.auth import get_user_model
from django.core.management.base import CommandError


def add_user_argument(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--who``, the account to which the history attributes the changes."""
    parser.add_argument("--who", default="", help="account to which the history attributes the changes")


def check_user(who: str) -> None:
    """Raise CommandError if ``who`` is set but is not an account: a typo would stay in the history forever."""
    model = get_user_model()
    if who and not model._default_manager.filter(**{model.USERNAME_FIELD: who}).exists():
        raise CommandError(f"--who {who}: this account does not exist.", returncode=2)
