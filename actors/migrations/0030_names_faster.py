"""Fold names, and find what their parts begin with, faster and to the same: an import of a million must not wait for it.

A plain name is folded where it stands, without the call of a function. In a
name without a letter that is folded to another, as all in Han, kana and
Hangul are, none is looked for. Parts are cut by position in place of patterns.
"""

from importlib import import_module

from django.db import migrations

from actors.operations import RunByDatabase
from actors.text.normalize import PAIRS, UNSPACED

keep = import_module("actors.migrations.0003_triggers")
SINGLES = import_module("actors.migrations.0023_fold_faster").SINGLES
before = import_module("actors.migrations.0020_starts")

beyond_ascii = sorted(letter for letter in {**SINGLES, **PAIRS} if not letter.isascii())
# All but one of them lie close together.
LISTED = f"{beyond_ascii[0]}-{beyond_ascii[-2]}{beyond_ascii[-1]}"

# PostgreSQL puts a function of this kind in the place of its call.
FOLD = """
CREATE OR REPLACE FUNCTION actor_fold(name text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN name ~ '[^ A-Za-z]|  ' COLLATE "C" THEN actor_fold_letters(name)
        ELSE btrim(lower(name COLLATE "C"), ' ') END
$$
"""
STARTS = f"""
CREATE OR REPLACE FUNCTION actor_starts(search text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    part text;
    starts text[] := '{{}}';
    unspaced text;
BEGIN
    FOREACH part IN ARRAY string_to_array(search, ' ') LOOP
        starts := starts || ARRAY[left(part, 1), left(part, 2)];
    END LOOP;
    IF search ~ '[{UNSPACED}]' THEN
        unspaced := regexp_replace(search, '[^{UNSPACED} ]+', ' ', 'g');
        -- Every letter; the pairs that begin at the first, third … letter; those at the second, fourth …
        starts := starts || string_to_array(concat_ws(' ',
            regexp_replace(unspaced, '([^ ])', '\\1 ', 'g'),
            regexp_replace(unspaced, '([^ ][^ ])', '\\1 ', 'g'),
            regexp_replace(regexp_replace(unspaced, '(^| )[^ ]', ' ', 'g'), '([^ ][^ ])', '\\1 ', 'g')), ' ');
    END IF;
    RETURN array_remove(starts, '');
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("actors", "0029_film_words")]
    operations = [
        RunByDatabase(
            postgresql=(
                (keep.fold_function(SINGLES, "actor_fold_letters", LISTED), FOLD, STARTS),
                (keep.fold_function(SINGLES), "DROP FUNCTION actor_fold_letters(text)", before.FUNCTION),
            ),
            sqlite=((), ()),
        )
    ]
