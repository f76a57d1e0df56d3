"""``manage.py settings_table``: every environment variable, and what this process has of it."""

import os

from django.core.management.base import BaseCommand

from actorsite.conf import env


class Command(BaseCommand):
    help = "Print every environment variable: its default, whether it is set, what it means and allows. Never a value."

    def handle(self, *args, **options):
        """Print the table. Where a variable is wrong, actorsite.settings does, and then says what is."""
        self.stdout.write(env.settings_table(os.environ))
