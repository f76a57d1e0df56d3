"""The index of the shortest words: what the parts of a name begin with, one letter and two.

Of a script that is written without spaces, one letter and two from anywhere in
a name: so short a text has no trigram, and no other index would find it.
"""

from django.db import migrations

from actors.operations import RunByDatabase, build_without_lock
from actors.text.normalize import UNSPACED

FUNCTION = f"""
CREATE OR REPLACE FUNCTION actor_starts(search text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    starts text := regexp_replace(search, ' ([^ ])([^ ]?)[^ ]*', ' \\1 \\1\\2', 'g');
    unspaced text;
BEGIN
    IF search ~ '[{UNSPACED}]' THEN
        unspaced := regexp_replace(search, '[^{UNSPACED} ]+', ' ', 'g');
        -- Every letter; the pairs that begin at the first, third … letter; those at the second, fourth …
        starts := concat_ws(' ', starts,
            regexp_replace(unspaced, '([^ ])', '\\1 ', 'g'),
            regexp_replace(unspaced, '([^ ][^ ])', '\\1 ', 'g'),
            regexp_replace(regexp_replace(unspaced, '(^| )[^ ]', ' ', 'g'), '([^ ][^ ])', '\\1 ', 'g'));
    END IF;
    RETURN array_remove(string_to_array(starts, ' '), '');
END $$
"""
INDEX = "CREATE INDEX CONCURRENTLY actor_starts ON actor USING gin (actor_starts(search))"


def create(apps, schema_editor):
    build_without_lock(schema_editor, "actor_starts", INDEX, "actor")


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        with schema_editor.connection.cursor() as cursor:
            cursor.execute("DROP INDEX CONCURRENTLY IF EXISTS actor_starts")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("actors", "0019_uploads")]
    operations = [
        RunByDatabase(postgresql=((FUNCTION,), ("DROP FUNCTION actor_starts(text)",)), sqlite=((), ())),
        migrations.RunPython(create, drop),
    ]
