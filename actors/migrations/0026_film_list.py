"""The indexes that the list of films is read from: by year, within a decade, by the shortest words."""

from django.db import migrations, models

import actors.fields
from actors.operations import AddIndexWithoutLock, build_without_lock

STARTS = "CREATE INDEX CONCURRENTLY film_starts ON actors_film USING gin (actor_starts(search))"


def create(apps, schema_editor):
    build_without_lock(schema_editor, "film_starts", STARTS, "actors_film")


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        with schema_editor.connection.cursor() as cursor:
            cursor.execute("DROP INDEX CONCURRENTLY IF EXISTS film_starts")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("actors", "0025_change_by_person")]
    operations = [
        AddIndexWithoutLock("film", models.Index(fields=["year"], name="film_year")),
        AddIndexWithoutLock("film", models.Index(actors.fields.Newest("year"), "sort_title", "id", name="film_newest")),
        AddIndexWithoutLock("film", models.Index(actors.fields.Decade("year"), "sort_title", "id", name="film_decade")),
        migrations.RunPython(create, drop),
    ]
