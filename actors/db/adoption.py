"""Adoption of the replaced page's table ``actor``."""

from django.apps import apps
from django.core.management.base import CommandError
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

# The columns of the replaced page's table (actors/migrations/0001_initial.py). The table may have more.
ADOPTED = {"actor_id", "first_name", "last_name", "last_update"}


def check_table() -> None:
    """Check that an existing table ``actor`` is the replaced page's, before the first migration.

    With any other table, a later migration would fail after the first ones were committed.

    Raises:
        CommandError: The table lacks one of the columns, or has one that the migrations add.
    """
    if ("actors", "0001_initial") in MigrationRecorder(connection).applied_migrations():
        return
    with connection.cursor() as cursor:
        if "actor" not in connection.introspection.table_names(cursor):
            return
        existing = {column.name for column in connection.introspection.get_table_description(cursor, "actor")}
    columns = {field.column for field in apps.get_model("actors", "Actor")._meta.concrete_fields if field.column}
    added = columns - ADOPTED
    wrong = [
        *(f"the column {name} is missing" for name in sorted(ADOPTED - existing)),
        *(f"it already has a column {name}" for name in sorted(added & existing)),
    ]
    if wrong:
        raise CommandError(
            f"The table actor of this database cannot be adopted: {', '.join(wrong)}. Nothing was changed."
        )
