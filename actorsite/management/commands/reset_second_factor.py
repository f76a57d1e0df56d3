"""``manage.py reset_second_factor``: for who lost every factor, where no administrator is left to ask."""

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from actorsite.accounts import mfa


class Command(BaseCommand):
    help = "Take every second factor from the account NAME, which sets up a new one at its next signing in."

    def add_arguments(self, parser):
        parser.add_argument("name", metavar="NAME")

    def handle(self, *args, name, **options):
        """Raises CommandError where there is no such account."""
        account = get_user_model().objects.filter(username=name).first()
        if account is None:
            raise CommandError(f"There is no account {name}.")
        had = mfa.reset_second_factor(account)
        self.stdout.write(f"{name} has no second factor any more." if had else f"{name} has no second factor.")
