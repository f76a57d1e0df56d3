"""Films and credits have a history too, which the database writes; editors may edit them, curators delete.

By statement on PostgreSQL, as that of actors (0010).
"""

import django.db.models.functions.datetime
from django.db import migrations, models

from actors.operations import RunByDatabase

FILM_FIELDS = ("title", "original_title", "year")
CREDIT_FIELDS = ("actor_id", "film_id", "character", "billing")
COLUMNS = "film_id, credit_id, actor_id, kind, at, who, origin, fields, before, after"
EDITORS = {"film": ["add", "change", "view"], "credit": ["add", "change", "delete", "view"], "filmchange": ["view"]}
CURATORS = {**EDITORS, "film": ["add", "change", "delete", "view"]}
ROLES = {"Editors": EDITORS, "Curators": CURATORS, "Administrators": CURATORS}


def _object(maker, row, fields):
    return f"{maker}({', '.join(f'{chr(39)}{name}{chr(39)}, {row}.{name}' for name in fields)})"


def _postgresql(table, fields, film, credit, actor, changed):
    """The function and triggers that note writes of ``table``; the other arguments are SQL about a row ``{row}``."""
    every = " ".join(fields)

    def note(row, kind, before, after):
        ids = ", ".join(part.format(row=row) for part in (film, credit, actor))
        return f"SELECT {ids}, '{kind}', now(), who, origin, '{every}', {before}, {after}"

    old, new = (_object("jsonb_build_object", row, fields) for row in ("o", "n"))
    names = ", ".join(f"CASE WHEN o.{name} IS DISTINCT FROM n.{name} THEN '{name}' END" for name in fields)
    either = ", ".join(
        f"coalesce({part.format(row='n')}, {part.format(row='o')})" if "{row}" in part else part
        for part in (film, credit, actor)
    )
    insert = f"INSERT INTO actors_filmchange ({COLUMNS})"
    return f"""
CREATE FUNCTION {table}_note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    origin text := coalesce(nullif(current_setting('actors.origin', true), ''), 'sql');
    who text := CASE WHEN origin = 'sql' THEN session_user ELSE coalesce(current_setting('actors.who', true), '') END;
BEGIN
    IF TG_OP = 'INSERT' THEN
        {insert} {note("n", "+", "NULL::jsonb", new)} FROM new_rows AS n ORDER BY n.id;
    ELSIF TG_OP = 'UPDATE' THEN
        {insert} SELECT {either},
            CASE WHEN o.id IS NULL THEN '+' WHEN n.id IS NULL THEN '-' ELSE '~' END, now(), who, origin,
            concat_ws(' ', {names}), CASE WHEN o.id IS NOT NULL THEN {old} END, CASE WHEN n.id IS NOT NULL THEN {new} END
        FROM old_rows AS o FULL JOIN new_rows AS n ON o.id = n.id WHERE {changed} ORDER BY coalesce(n.id, o.id);
    ELSIF TG_OP = 'DELETE' THEN
        {insert} {note("o", "-", old, "NULL::jsonb")} FROM old_rows AS o ORDER BY o.id;
    ELSE
        {insert} {note("o", "-", old, "NULL::jsonb")} FROM {table} AS o ORDER BY o.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER {table}_note_insert AFTER INSERT ON {table}
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION {table}_note();
CREATE TRIGGER {table}_note_update AFTER UPDATE ON {table}
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION {table}_note();
CREATE TRIGGER {table}_note_delete AFTER DELETE ON {table}
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION {table}_note();
CREATE TRIGGER {table}_note_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {table}_note();
"""


def _postgresql_back(table):
    drops = "".join(
        f"DROP TRIGGER {table}_note_{event} ON {table};" for event in ("insert", "update", "delete", "truncate")
    )
    return f"{drops} DROP FUNCTION {table}_note();"


def _sqlite(table, fields, film, credit, actor):
    every = f"'{' '.join(fields)}'"
    names = " || ".join(f"CASE WHEN OLD.{name} IS NOT NEW.{name} THEN '{name} ' ELSE '' END" for name in fields)
    edited = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in fields)

    def note(kind, row, which, before, after):
        ids = ", ".join(part.format(row=row) for part in (film, credit, actor))
        return (
            f"INSERT INTO actors_filmchange ({COLUMNS}) VALUES ({ids}, '{kind}', "
            f"strftime('%Y-%m-%d %H:%M:%f', 'now'), actor_who(), actor_origin(), {which}, {before}, {after});"
        )

    old, new = (_object("json_object", row, fields) for row in ("OLD", "NEW"))
    return (
        f"CREATE TRIGGER {table}_note_insert AFTER INSERT ON {table} BEGIN {note('+', 'NEW', every, 'NULL', new)} END",
        f"CREATE TRIGGER {table}_note_update AFTER UPDATE ON {table} WHEN {edited} BEGIN "
        f"{note('~', 'NEW', f'trim({names})', old, new)} END",
        f"CREATE TRIGGER {table}_note_delete AFTER DELETE ON {table} BEGIN {note('-', 'OLD', every, old, 'NULL')} END",
    )


def _sqlite_back(table):
    return tuple(f"DROP TRIGGER {table}_note_{event}" for event in ("insert", "update", "delete"))


FILM = ("actors_film", FILM_FIELDS, "{row}.id", "NULL::integer", "NULL::integer")
CREDIT = ("actors_credit", CREDIT_FIELDS, "{row}.film_id", "{row}.id", "{row}.actor_id")
SQLITE_FILM = ("actors_film", FILM_FIELDS, "{row}.id", "NULL", "NULL")
CREDIT_CHANGED = "ROW({}) IS DISTINCT FROM ROW({})".format(
    *(", ".join(f"{row}.{name}" for name in ("id", *CREDIT_FIELDS)) for row in ("o", "n"))
)
POSTGRESQL = _postgresql(*FILM, "n.version IS DISTINCT FROM o.version") + _postgresql(*CREDIT, CREDIT_CHANGED)


def _rights(apps, alias, role):
    """Return the permissions of a role. On a new database Django has not made them yet."""
    for model, actions in role.items():
        content_type, _made = (
            apps.get_model("contenttypes", "ContentType")
            .objects.using(alias)
            .get_or_create(app_label="actors", model=model)
        )
        for action in actions:
            permission, _made = (
                apps.get_model("auth", "Permission")
                .objects.using(alias)
                .get_or_create(
                    content_type=content_type,
                    codename=f"{action}_{model}",
                    defaults={"name": f"Can {action} {'change of a film' if model == 'filmchange' else model}"},
                )
            )
            yield permission


def give(apps, schema_editor):
    alias = schema_editor.connection.alias
    for name, role in ROLES.items():
        group, _made = apps.get_model("auth", "Group").objects.using(alias).get_or_create(name=name)
        group.permissions.add(*_rights(apps, alias, role))


def take(apps, schema_editor):
    alias = schema_editor.connection.alias
    for group in apps.get_model("auth", "Group").objects.using(alias).filter(name__in=ROLES):
        group.permissions.remove(*_rights(apps, alias, ROLES[group.name]))


class Migration(migrations.Migration):
    dependencies = [("actors", "0017_batch_index")]
    operations = [
        migrations.CreateModel(
            name="FilmChange",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("film_id", models.IntegerField(verbose_name="film")),
                ("credit_id", models.IntegerField(null=True)),
                ("actor_id", models.IntegerField(null=True, verbose_name="actor")),
                (
                    "kind",
                    models.CharField(
                        choices=[("+", "added"), ("~", "changed"), ("-", "deleted")], max_length=1, verbose_name="kind"
                    ),
                ),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name="when")),
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
                "verbose_name": "change of a film",
                "verbose_name_plural": "changes of films",
                "ordering": ["-id"],
                "default_permissions": ["view"],
                "indexes": [
                    models.Index(fields=["film_id", "id"], name="change_of_film"),
                    models.Index(fields=["actor_id", "id"], name="change_of_credit"),
                ],
            },
        ),
        RunByDatabase(
            postgresql=((POSTGRESQL,), (_postgresql_back("actors_film") + _postgresql_back("actors_credit"),)),
            sqlite=(
                _sqlite(*SQLITE_FILM) + _sqlite(*CREDIT),
                _sqlite_back("actors_film") + _sqlite_back("actors_credit"),
            ),
        ),
        migrations.RunPython(give, take),
    ]
