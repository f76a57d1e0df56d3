"""The version of all that public pages show, kept by the database: new with every transaction that writes of it.

Its token is drawn by lot, so that a restored backup never gives an old token
to other rows. ``at`` is a Unix time in whole seconds.

On PostgreSQL a statement only notes its transaction. When the transaction
commits, after all other deferred constraints, one row is changed: writers
wait for each other for the length of a commit, and each waits last of all, so
that none holds the row while it waits for another's.

A migration that rebuilds one of the tables on SQLite drops its triggers
there, and must end by creating them again.
"""

from django.db import migrations

from actors.operations import RunByDatabase

TABLES = ("actor", "actors_film", "actors_credit", "actors_change")

# Apart: the check of migrations takes a NOT NULL for one on a table that is there.
POSTGRESQL_TABLE = (
    "CREATE TABLE actors_version (id smallint PRIMARY KEY CHECK (id = 1), "
    "number bigint NOT NULL, token text NOT NULL, at bigint NOT NULL)"
)
POSTGRESQL = """
INSERT INTO actors_version VALUES (1, 1, gen_random_uuid(), floor(extract(epoch FROM now())));
-- A row lives no longer than its transaction: nobody else sees it, and no crash needs it.
CREATE UNLOGGED TABLE actors_written (transaction xid8 PRIMARY KEY);
-- With their owner's rights: who may write actors need not be allowed to write the version.
CREATE FUNCTION actors_note_transaction() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO actors_written VALUES (pg_current_xact_id()) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE FUNCTION actors_raise_version() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        -- A deferred trigger that a deferred trigger sets off comes after all that were set off before:
        -- foreign keys, whose checks wait for other transactions, have been looked at by then.
        DELETE FROM actors_written WHERE transaction = NEW.transaction;
    ELSE
        INSERT INTO actors_version AS v VALUES (1, 1, gen_random_uuid(), floor(extract(epoch FROM clock_timestamp())))
        ON CONFLICT (id) DO UPDATE
            SET number = v.number + 1, token = excluded.token, at = greatest(excluded.at, v.at);
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER actors_raise_version AFTER INSERT OR DELETE ON actors_written
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION actors_raise_version();
""" + "".join(
    f"CREATE TRIGGER actors_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
    "FOR EACH STATEMENT EXECUTE FUNCTION actors_note_transaction();\n"
    for table in TABLES
)
POSTGRESQL_BACK = (
    "".join(f"DROP TRIGGER actors_version ON {table};\n" for table in TABLES)
    + """
DROP TABLE actors_written;
DROP TABLE actors_version;
DROP FUNCTION actors_raise_version();
DROP FUNCTION actors_note_transaction();
"""
)

SQLITE = (
    "CREATE TABLE actors_version (id integer PRIMARY KEY CHECK (id = 1), "
    "number integer NOT NULL, token text NOT NULL, at integer NOT NULL)",
    "INSERT INTO actors_version VALUES (1, 1, lower(hex(randomblob(16))), CAST(strftime('%s', 'now') AS integer))",
    *(
        f"CREATE TRIGGER {table}_version_{event} AFTER {event} ON {table} BEGIN "
        "UPDATE actors_version SET number = number + 1, token = lower(hex(randomblob(16))), "
        "at = max(CAST(strftime('%s', 'now') AS integer), at); END"
        for table in TABLES
        for event in ("insert", "update", "delete")
    ),
)
SQLITE_BACK = (
    *(f"DROP TRIGGER {table}_version_{event}" for table in TABLES for event in ("insert", "update", "delete")),
    "DROP TABLE actors_version",
)


class Migration(migrations.Migration):
    dependencies = [("actors", "0011_roles")]
    operations = [
        RunByDatabase(postgresql=((POSTGRESQL_TABLE, POSTGRESQL), (POSTGRESQL_BACK,)), sqlite=(SQLITE, SQLITE_BACK))
    ]
