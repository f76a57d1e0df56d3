"""The database keeps the version, the last change and the folded names of each row.

So they are right whatever writes the row. Nothing is changed in the rows that
are there; the next migration folds their names.

A migration that rebuilds the table on SQLite (most changes of a column do)
drops its triggers there, and must end by creating them again.
"""

from django.db import migrations

from actors.operations import RunByDatabase
from actors.text import normalize as search

EDITED = ("first_name", "last_name", "native_name", "birth_year", "death_year", "country", "biography")


def _literal(text):
    return "'" + text.replace("'", "''") + "'"


def keep_function(edited, names=("native_name",)):
    """Return the SQL of PostgreSQL's function that keeps what follows from ``edited``.

    The columns ``names`` are searched with the first and the last name.
    """
    new, old = (", ".join(f"{row}.{column}" for column in edited) for row in ("NEW", "OLD"))
    further = " || ' ' || ".join(f"NEW.{column}" for column in names)
    return f"""
CREATE OR REPLACE FUNCTION actor_keep() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    first text := actor_fold(NEW.first_name);
    last text := actor_fold(NEW.last_name);
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF ROW({new}) IS DISTINCT FROM ROW({old}) THEN
            NEW.version := OLD.version + 1;
            NEW.last_update := timezone('UTC', now());
        ELSE
            NEW.version := OLD.version;
            NEW.last_update := OLD.last_update;
        END IF;
    END IF;
    NEW.sort_last := btrim(last || ' ' || first);
    NEW.sort_first := btrim(first || ' ' || last);
    NEW.search := ' ' || btrim(NEW.sort_first || ' ' || actor_fold({further}));
    RETURN NEW;
END $$;
"""


def fold_function(singles, name="actor_fold", listed="^\\x01-\\x7f"):
    """Return the SQL of the function ``name`` that folds a name.

    ``singles`` are letters and what each is folded to; only a text with one of
    the characters ``listed`` is looked through for them and for pairs.
    """
    marks = _literal(f"[{search.DROPPED_MARKS}{search.APOSTROPHES}]")
    separators = _literal(f"[{search.SEPARATORS}]+")
    letters = "folded"
    for letter, pair in search.PAIRS.items():
        letters = f"replace({letters}, {_literal(letter)}, {_literal(pair)})"
    before, after = (_literal("".join(part)) for part in zip(*singles.items(), strict=True))
    return f"""
CREATE OR REPLACE FUNCTION {name}(name text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    folded text := name;
BEGIN
    -- Most names are plain, and each step is dear: a million rows must not wait for them.
    IF folded ~ '[^ A-Za-z]|  ' COLLATE "C" THEN
        folded := regexp_replace(normalize(folded, NFKD), {marks}, '', 'g');
        IF folded ~ '[{listed}]' THEN
            folded := translate({letters}, {before}, {after});
        END IF;
        folded := normalize(regexp_replace(folded, {separators}, ' ', 'g'), NFC);
    END IF;
    RETURN btrim(lower(folded COLLATE "C"), ' ');
END $$;
"""


def _postgresql():
    return f"""
{fold_function(search.SINGLES)}
{keep_function(EDITED)}-- Triggers fire by name: after an adopted table's own, whose last_update gives way to ours.
CREATE TRIGGER zz_actor_keep BEFORE INSERT OR UPDATE ON actor FOR EACH ROW EXECUTE FUNCTION actor_keep();
-- Django and loaddata find a column's sequence by its owner; an adopted one may have none, or lag behind.
DO $$ BEGIN
    IF pg_get_serial_sequence('actor', 'actor_id') IS NULL AND to_regclass('actor_actor_id_seq') IS NOT NULL THEN
        ALTER SEQUENCE actor_actor_id_seq OWNED BY actor.actor_id;
    END IF;
    IF to_regclass('actor_actor_id_seq') IS NOT NULL THEN
        PERFORM setval('actor_actor_id_seq', last) FROM (SELECT max(actor_id) AS last FROM actor) AS ids
            WHERE last > (SELECT last_value FROM actor_actor_id_seq);
    END IF;
END $$;
"""


POSTGRESQL_BACK = """
DROP TRIGGER zz_actor_keep ON actor;
DROP FUNCTION actor_keep();
DROP FUNCTION actor_fold(text);
"""


def sqlite_triggers(edited, names=("native_name",)):
    """Return the statements that make SQLite keep the same."""
    further = " || ' ' || ".join(f"NEW.{column}" for column in names)
    folded = (
        "sort_last = actor_fold(NEW.last_name || ' ' || NEW.first_name), "
        "sort_first = actor_fold(NEW.first_name || ' ' || NEW.last_name), "
        f"search = ' ' || trim(actor_fold(NEW.first_name || ' ' || NEW.last_name) || ' ' || actor_fold({further}))"
    )
    changed = "(" + " OR ".join(f"NEW.{column} IS NOT OLD.{column}" for column in edited) + ")"
    return (
        f"CREATE TRIGGER actor_keep_insert AFTER INSERT ON actor BEGIN "
        f"UPDATE actor SET {folded} WHERE actor_id = NEW.actor_id; END",
        f"CREATE TRIGGER actor_keep_update AFTER UPDATE ON actor BEGIN "
        f"UPDATE actor SET version = OLD.version + {changed}, "
        f"last_update = CASE WHEN {changed} THEN strftime('%Y-%m-%d %H:%M:%f', 'now') ELSE OLD.last_update END, "
        f"{folded} WHERE actor_id = NEW.actor_id; END",
    )


SQLITE_BACK = ("DROP TRIGGER actor_keep_insert", "DROP TRIGGER actor_keep_update")


class Migration(migrations.Migration):
    dependencies = [("actors", "0002_columns")]
    operations = [
        RunByDatabase(
            postgresql=((_postgresql(),), (POSTGRESQL_BACK,)),
            sqlite=(sqlite_triggers(EDITED), SQLITE_BACK),
        )
    ]
