"""What the commands share."""

from django.contrib.auth import get_user_model
from django.core.management.base import CommandError


def add_user_argument(parser):
    """Let a command be told in whose name it writes."""
    parser.add_argument("--who", default="", help="in whose name the history has it: that of an account")


def check_user(who: str):
    """Raise CommandError where ``who`` is no account: a slip would stand in the history for ever."""
    accounts = get_user_model().objects
    if who and not accounts.filter(**{accounts.model.USERNAME_FIELD: who}).exists():
        raise CommandError(f"--who {who}: there is no such account.", returncode=2)
