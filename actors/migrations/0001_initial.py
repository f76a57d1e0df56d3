"""The replaced application's table, exactly.

``migrate --fake-initial`` takes this migration for applied where the table is
there, so it creates nothing that such a database does not have.
"""

import django.db.models.functions.datetime
from django.db import migrations, models

import actors.fields

TABLE = """
CREATE SEQUENCE actor_actor_id_seq;
CREATE TABLE actor (
    actor_id integer PRIMARY KEY DEFAULT nextval('actor_actor_id_seq'),
    first_name varchar(45) NOT NULL,
    last_name varchar(45) NOT NULL,
    last_update timestamp without time zone NOT NULL DEFAULT now()
);
CREATE FUNCTION last_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.last_update = CURRENT_TIMESTAMP;
    RETURN NEW;
END $$;
CREATE TRIGGER last_updated BEFORE UPDATE ON actor FOR EACH ROW EXECUTE FUNCTION last_updated();
"""


class CreateActor(migrations.CreateModel):
    """CreateModel, which ``--fake-initial`` looks for; in PostgreSQL by the table's own DDL."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(TABLE, params=None)
        else:
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute("DROP TABLE actor; DROP SEQUENCE IF EXISTS actor_actor_id_seq", params=None)
            schema_editor.execute("DROP FUNCTION IF EXISTS last_updated()", params=None)
        else:
            super().database_backwards(app_label, schema_editor, from_state, to_state)


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        CreateActor(
            name="Actor",
            fields=[
                ("id", models.AutoField(db_column="actor_id", primary_key=True, serialize=False)),
                ("first_name", actors.fields.LineField(max_length=45, blank=True, verbose_name="first name")),
                ("last_name", actors.fields.LineField(max_length=45, blank=True, verbose_name="last name")),
                (
                    "last_update",
                    actors.fields.UTCTimestampField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                        verbose_name="last change",
                    ),
                ),
            ],
            options={"db_table": "actor", "verbose_name": "actor", "verbose_name_plural": "actors"},
        ),
        migrations.AddIndex("Actor", models.Index(fields=["last_name"], name="idx_actor_last_name")),
    ]
