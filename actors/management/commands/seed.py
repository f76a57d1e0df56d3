"""``manage.py seed``: load the sample actors and films."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection, transaction

from actors.models import Actor, Credit, Film


class Command(BaseCommand):
    """Load the included actors and films."""

    help = "Load the included actors and films into an empty directory. Existing entries are never changed."

    def handle(self, *args: Any, **options: Any) -> None:
        """Load the fixtures in one transaction if the tables are empty."""
        with transaction.atomic():
            if connection.vendor == "postgresql":
                # Another deployment, or an editor, must not write between the check and the load.
                with connection.cursor() as cursor:
                    tables = ", ".join(model._meta.db_table for model in (Actor, Film, Credit))
                    cursor.execute(f"LOCK TABLE {tables} IN SHARE ROW EXCLUSIVE MODE")
            if Actor.objects.exists() or Film.objects.exists():
                self.stdout.write("The directory is not empty. Nothing was loaded.")
                return
            call_command("loaddata", "actors", "films", verbosity=0)
            self.stdout.write(f"Loaded {Actor.objects.count()} actors and {Film.objects.count()} films.")
