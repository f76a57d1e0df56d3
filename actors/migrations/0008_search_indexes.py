"""Trigram indexes, so that a search reads the rows it finds and not the whole table.

At a million rows a rare word takes 1 ms in place of 500. They want the extension
pg_trgm, which every database's owner may create since PostgreSQL 13 where the
server has it. Without it search is slower, and right all the same: `manage.py
migrate` says so and goes on.
"""

from django.db import DatabaseError, migrations

INDEXES = {"actor_search_trgm": "actor", "film_search_trgm": "actors_film"}


def create(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        try:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        except DatabaseError as error:
            print(f"\n    Without pg_trgm, search reads the whole table: {error}", end="")
            return
        for index, table in INDEXES.items():
            # An interrupted build leaves an invalid index behind.
            cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {index}")
            cursor.execute(f"CREATE INDEX CONCURRENTLY {index} ON {table} USING gin (search gin_trgm_ops)")


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        with schema_editor.connection.cursor() as cursor:
            for index in INDEXES:
                cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {index}")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("actors", "0007_editors")]
    operations = [migrations.RunPython(create, drop)]
