"""The index of the words of titles, in which what a search may have meant is looked up (actors.suggesting)."""

from django.db import migrations

from actors.operations import RunByDatabase, build_without_lock

# Letters of a word: others are not looked up.
SHORTEST, LONGEST = 3, 21
FUNCTION = f"""
CREATE OR REPLACE FUNCTION film_words(search text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
BEGIN
    RETURN ARRAY(
        SELECT word FROM unnest(string_to_array(search, ' ')) AS word
        WHERE length(word) BETWEEN {SHORTEST} AND {LONGEST});
END $$
"""
# Hundreds of words are looked up at once, each of which would read what is still pending.
INDEX = "CREATE INDEX CONCURRENTLY film_words ON actors_film USING gin (film_words(search)) WITH (fastupdate = off)"


def create(apps, schema_editor):
    build_without_lock(schema_editor, "film_words", INDEX, "actors_film")


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        with schema_editor.connection.cursor() as cursor:
            cursor.execute("DROP INDEX CONCURRENTLY IF EXISTS film_words")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("actors", "0028_facet_indexes")]
    operations = [
        RunByDatabase(postgresql=((FUNCTION,), ("DROP FUNCTION film_words(text)",)), sqlite=((), ())),
        migrations.RunPython(create, drop),
    ]
