"""``manage.py settings_table``: every environment variable, and whether it is set."""

import os
from typing import Any

from django.core.management.base import BaseCommand

from actorsite.conf import env


class Command(BaseCommand):
    help = "Print every environment variable: its default, whether it is set, what it means and allows. Never a value."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the table. If a variable is invalid, actorsite.settings has printed it and the errors before."""
        self.stdout.write(env.settings_table(os.environ))
