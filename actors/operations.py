"""Migration operations for both databases."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


class AddIndexWithoutLock(AddIndexConcurrently):
    """An index built while the table is written to; SQLite, which locks as a whole, builds it plainly.

    No transaction takes back what a broken-off migration has built: the next
    try keeps an index that is whole and builds anew one that is not.
    """

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor != "postgresql":
            migrations.AddIndex.database_forwards(self, app_label, schema_editor, from_state, to_state)
            return
        with schema_editor.connection.cursor() as cursor:
            cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [self.index.name])
            whole = next(iter(cursor.fetchall()), (None,))[0]
            if whole:
                return
            cursor.execute("SHOW lock_timeout")
            lock_timeout = cursor.fetchone()[0]
        if whole is False:
            schema_editor.execute(f"DROP INDEX CONCURRENTLY {schema_editor.quote_name(self.index.name)}")
        # Building waits for older transactions, and nobody waits for it: it may take its time.
        schema_editor.execute("SET lock_timeout = 0")
        try:
            super().database_forwards(app_label, schema_editor, from_state, to_state)
        finally:
            schema_editor.execute(f"SET lock_timeout = '{lock_timeout}'")

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor == "postgresql":
            super().database_backwards(app_label, schema_editor, from_state, to_state)
        else:
            migrations.AddIndex.database_backwards(self, app_label, schema_editor, from_state, to_state)


class AddColumn(migrations.AddField):
    """A column with a default in the database, added to the table as it is.

    Django makes the table anew on SQLite, and drops its triggers with the old one.
    """

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        model = to_state.apps.get_model(app_label, self.model_name)
        if schema_editor.connection.vendor == "sqlite":
            BaseDatabaseSchemaEditor.add_field(schema_editor, model, model._meta.get_field(self.name))
        else:
            super().database_forwards(app_label, schema_editor, from_state, to_state)


class RunByDatabase(migrations.RunPython):
    """SQL that each database says in its own way: for each, the statements forwards and backwards."""

    # So that `sqlmigrate`, and the check of migrations that reads it, see the statements.
    reduces_to_sql = True

    def __init__(self, **statements):
        def run(direction):
            def execute(apps, schema_editor):
                for statement in statements[schema_editor.connection.vendor][direction]:
                    schema_editor.execute(statement, params=None)

            return execute

        super().__init__(run(0), run(1))


def build_without_lock(schema_editor: BaseDatabaseSchemaEditor, name: str, statement: str, table: str) -> None:
    """Build, on PostgreSQL alone, the index ``name`` of ``table`` by a ``statement`` that says CONCURRENTLY."""
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        # Building waits for older transactions, and nobody waits for it. An interrupted build leaves an invalid index.
        cursor.execute("SHOW lock_timeout")
        lock_timeout = cursor.fetchone()[0]
        cursor.execute("SET lock_timeout = 0")
        try:
            cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            cursor.execute(statement)
        finally:
            cursor.execute(f"SET lock_timeout = '{lock_timeout}'")
        # How common each of its values is, which the planner should know before the first search.
        cursor.execute(f"ANALYZE {table}")
