"""The history, which the database writes; editors may see it.

On PostgreSQL by statement, so that a million rows cost one INSERT … SELECT.
A migration that rebuilds the table on SQLite drops these triggers there too.
"""

import django.db.models.functions.datetime
from django.db import migrations, models

from actors.operations import RunByDatabase

FIELDS = ("first_name", "last_name", "native_name", "birth_year", "death_year", "country", "biography")


def note_function(fields):
    """Return the SQL of PostgreSQL's function that notes changes of ``fields``."""
    old, new = (", ".join(f"'{name}', {row}.{name}" for name in fields) for row in ("o", "n"))
    names = ", ".join(f"CASE WHEN o.{name} IS DISTINCT FROM n.{name} THEN '{name}' END" for name in fields)
    every = " ".join(fields)
    columns = "INSERT INTO actors_change (actor_id, kind, version, at, who, origin, fields, before, after) SELECT"
    return f"""
-- With its owner's rights: who may write actors need not be allowed to write history.
CREATE OR REPLACE FUNCTION actor_note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    origin text := coalesce(nullif(current_setting('actors.origin', true), ''), 'sql');
    who text := CASE WHEN origin = 'sql' THEN session_user ELSE coalesce(current_setting('actors.who', true), '') END;
BEGIN
    IF TG_OP = 'INSERT' THEN
        {columns} n.actor_id, '+', n.version, now(), who, origin, '{every}', NULL, jsonb_build_object({new})
        FROM new_rows AS n ORDER BY n.actor_id;
    ELSIF TG_OP = 'UPDATE' THEN
        -- An id that was changed is one actor gone and another come.
        {columns} coalesce(n.actor_id, o.actor_id),
            CASE WHEN o.actor_id IS NULL THEN '+' WHEN n.actor_id IS NULL THEN '-' ELSE '~' END,
            coalesce(n.version, o.version), now(), who, origin, concat_ws(' ', {names}),
            CASE WHEN o.actor_id IS NOT NULL THEN jsonb_build_object({old}) END,
            CASE WHEN n.actor_id IS NOT NULL THEN jsonb_build_object({new}) END
        FROM old_rows AS o FULL JOIN new_rows AS n ON o.actor_id = n.actor_id
        WHERE n.version IS DISTINCT FROM o.version ORDER BY 1;
    ELSIF TG_OP = 'DELETE' THEN
        {columns} o.actor_id, '-', o.version, now(), who, origin, '{every}', jsonb_build_object({old}), NULL
        FROM old_rows AS o ORDER BY o.actor_id;
    ELSE
        {columns} o.actor_id, '-', o.version, now(), who, origin, '{every}', jsonb_build_object({old}), NULL
        FROM actor AS o ORDER BY o.actor_id;
    END IF;
    RETURN NULL;
END $$;
"""


POSTGRESQL_TRIGGERS = """
CREATE TRIGGER actor_note_insert AFTER INSERT ON actor
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION actor_note();
CREATE TRIGGER actor_note_update AFTER UPDATE ON actor
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION actor_note();
CREATE TRIGGER actor_note_delete AFTER DELETE ON actor
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION actor_note();
CREATE TRIGGER actor_note_truncate BEFORE TRUNCATE ON actor FOR EACH STATEMENT EXECUTE FUNCTION actor_note();
"""


POSTGRESQL_BACK = """
DROP TRIGGER actor_note_insert ON actor;
DROP TRIGGER actor_note_update ON actor;
DROP TRIGGER actor_note_delete ON actor;
DROP TRIGGER actor_note_truncate ON actor;
DROP FUNCTION actor_note();
"""


def sqlite_triggers(fields):
    """Return the statements that make SQLite note changes of ``fields``."""

    def note(kind, version, names, before, after):
        states = (
            "json_object({})".format(", ".join(f"'{name}', {row}.{name}" for name in fields)) if row else "NULL"
            for row in (before, after)
        )
        row = after or before
        return (
            "INSERT INTO actors_change (actor_id, kind, version, at, who, origin, fields, before, after) VALUES "
            f"({row}.actor_id, '{kind}', {version}, strftime('%Y-%m-%d %H:%M:%f', 'now'), actor_who(), actor_origin(), "
            f"{names}, {', '.join(states)});"
        )

    every = f"'{' '.join(fields)}'"
    changed = " || ".join(f"CASE WHEN OLD.{name} IS NOT NEW.{name} THEN '{name} ' ELSE '' END" for name in fields)
    edited = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in fields)
    return (
        f"CREATE TRIGGER actor_note_insert AFTER INSERT ON actor BEGIN "
        f"{note('+', 'NEW.version', every, '', 'NEW')} END",
        # The keeper's trigger raises the version after this one has seen the old.
        f"CREATE TRIGGER actor_note_update AFTER UPDATE ON actor WHEN {edited} BEGIN "
        f"{note('~', 'OLD.version + 1', f'trim({changed})', 'OLD', 'NEW')} END",
        f"CREATE TRIGGER actor_note_delete AFTER DELETE ON actor BEGIN "
        f"{note('-', 'OLD.version', every, 'OLD', '')} END",
    )


SQLITE_BACK = tuple(f"DROP TRIGGER actor_note_{event}" for event in ("insert", "update", "delete"))


class Migration(migrations.Migration):
    dependencies = [("actors", "0009_country_indexes")]
    operations = [
        migrations.CreateModel(
            name="Change",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("actor_id", models.IntegerField(verbose_name="actor")),
                (
                    "kind",
                    models.CharField(
                        choices=[("+", "added"), ("~", "changed"), ("-", "deleted")], max_length=1, verbose_name="kind"
                    ),
                ),
                ("version", models.PositiveIntegerField(verbose_name="version")),
                (
                    "at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name="when"),
                ),
                ("who", models.CharField(blank=True, max_length=150, verbose_name="who")),
                (
                    "origin",
                    models.CharField(
                        choices=[("admin", "admin"), ("import", "import"), ("command", "command"), ("sql", "SQL")],
                        max_length=10,
                        verbose_name="from",
                    ),
                ),
                ("fields", models.TextField(blank=True)),
                ("before", models.JSONField(null=True)),
                ("after", models.JSONField(null=True)),
            ],
            options={
                "verbose_name": "change",
                "verbose_name_plural": "changes",
                "ordering": ["-id"],
                "default_permissions": ["view"],
                "permissions": [("restore_change", "Can restore an actor from the history")],
                "indexes": [models.Index(fields=["actor_id", "id"], name="change_of_actor")],
            },
        ),
        RunByDatabase(
            postgresql=((note_function(FIELDS) + POSTGRESQL_TRIGGERS,), (POSTGRESQL_BACK,)),
            sqlite=(sqlite_triggers(FIELDS), SQLITE_BACK),
        ),
    ]
