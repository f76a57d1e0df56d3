"""``manage.py settings_table``: every environment variable, and what this process has of it."""

import os

from django.core.management.base import BaseCommand

from actorsite.env import VARIABLES


class Command(BaseCommand):
    help = "Print every environment variable: whether it is set, its default, what it means and allows. Never a value."

    def handle(self, *args, **options):
        for variable in VARIABLES:
            if variable.name in os.environ:
                state = "set"
            elif variable.required:
                state = "required"
            else:
                state = f"default {variable.default}" if variable.default else "unset"
            self.stdout.write(f"{variable.name} ({state})")
            self.stdout.write(f"    {variable.meaning}")
            self.stdout.write(f"    Allowed: {variable.allowed}.")
