"""Fold the names of existing rows, then build the indexes, without blocking the replaced page.

The migration does not run in a transaction. Each step can be repeated, so
running an interrupted migration again continues it.
"""

from django.db import DatabaseError, migrations, models

from actors.fields import Empty, Life
from actors.migrations._operations import AddIndexWithoutLock, CreateIndexWithoutLock, build_without_lock

ROWS_PER_STATEMENT = 5_000
TRIGRAM_INDEXES = {"actor_search_trgm": "actor", "film_search_trgm": "actors_film"}


def fold(apps, schema_editor):
    """Fold the names of the existing rows.

    Each statement locks only the rows that it updates, and only against writers.
    A row's version and last change stay the same. Rows without a name, which only
    an adopted table has, are skipped: the constraint refuses any change to them.
    """
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(actor_id), 0), coalesce(min(actor_id), 0) FROM actor")
        last, first = cursor.fetchone()
        for start in range(first, last + 1, ROWS_PER_STATEMENT):
            # The trigger folds the names; the statement only has to fire it.
            cursor.execute(
                "UPDATE actor SET search = '' WHERE actor_id >= %s AND actor_id < %s AND search = ''"
                " AND NOT (first_name = '' AND last_name = '')",
                [start, start + ROWS_PER_STATEMENT],
            )


def facets(name):
    """Return the index for filters and their counts, in the order of ``name``, which is "last" or "first"."""
    columns = ("country", f"sort_{name}", "id", "birth_year", "death_year")
    return models.Index(Life("death_year", "birth_year"), *columns, name=f"actor_facets_{name}")


def create_trigram_indexes(apps, schema_editor):
    """Create the extension pg_trgm and the trigram indexes.

    If the extension cannot be created, the next `manage.py release` tries again.
    """
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        try:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        except DatabaseError as error:
            print(f"\n    Without pg_trgm, search reads the whole table: {error}", end="")
            return
        # If the server's operator created the extension, its schema may not be on the search path.
        cursor.execute(
            "SELECT quote_ident(nspname) FROM pg_extension JOIN pg_namespace AS n ON n.oid = extnamespace"
            " WHERE extname = 'pg_trgm'"
        )
        (schema,) = cursor.fetchone()
    for index, table in TRIGRAM_INDEXES.items():
        create = f"CREATE INDEX CONCURRENTLY {index} ON {table} USING gin (search {schema}.gin_trgm_ops)"
        build_without_lock(schema_editor, index, lambda create=create: schema_editor.execute(create))


def drop_trigram_indexes(apps, schema_editor):
    """Drop the trigram indexes."""
    if schema_editor.connection.vendor == "postgresql":
        for index in TRIGRAM_INDEXES:
            schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {index}")


def analyze(apps, schema_editor):
    """Collect statistics of the indexed expressions, which the planner needs before the first page is read."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ANALYZE actor")


class Migration(migrations.Migration):
    """Create the indexes of lists and searches, outside a transaction."""

    atomic = False
    dependencies = [("actors", "0003_films")]
    operations = [
        migrations.RunPython(fold, migrations.RunPython.noop),
        # Lists by name.
        AddIndexWithoutLock("actor", models.Index(fields=["sort_last", "id"], name="actor_sort_last")),
        AddIndexWithoutLock("actor", models.Index(fields=["sort_first", "id"], name="actor_sort_first")),
        # Lists of one country.
        AddIndexWithoutLock("actor", models.Index(fields=["country", "sort_last", "id"], name="actor_country_last")),
        AddIndexWithoutLock("actor", models.Index(fields=["country", "sort_first", "id"], name="actor_country_first")),
        # Decades of birth.
        AddIndexWithoutLock("actor", models.Index(fields=["birth_year"], name="actor_birth_year")),
        # The few rows without a native name or a biography.
        AddIndexWithoutLock("actor", models.Index(Empty("native_name"), name="actor_no_native_name")),
        AddIndexWithoutLock("actor", models.Index(Empty("biography"), name="actor_no_biography")),
        # Lists filtered by decade of birth and by living or deceased, and their counts.
        AddIndexWithoutLock("actor", facets("last")),
        AddIndexWithoutLock("actor", facets("first")),
        # Search for words of one or two letters.
        CreateIndexWithoutLock("actor_starts", "actor USING gin (actor_starts(search))"),
        CreateIndexWithoutLock("film_starts", "actors_film USING gin (actor_starts(search))"),
        # Suggestions. Hundreds of words are looked up at once. With fastupdate, each would read the pending list.
        CreateIndexWithoutLock("film_words", "actors_film USING gin (film_words(search)) WITH (fastupdate = off)"),
        # Search for longer words: in a million rows, a search for a rare word takes 1 ms instead of 500 ms.
        migrations.RunPython(create_trigram_indexes, drop_trigram_indexes),
        migrations.RunPython(analyze, migrations.RunPython.noop),
    ]
