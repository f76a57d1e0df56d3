"""Operations for these migrations, on PostgreSQL and on SQLite.

Django's loader skips this module because its name starts with an underscore.
Apart from this module, migrations import only ``actors.fields`` from the project,
so that later changes to the project cannot change what they do.
"""

import sqlite3
from pathlib import Path

from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently
from django.db import migrations
from django.db.migrations.operations.base import Operation, OperationCategory

SQL = Path(__file__).with_name("sql")


class RunSQLFile(Operation):
    """Run ``sql/<database>/<name>.sql``, and ``sql/<database>/<name>_reverse.sql`` to reverse it."""

    category = OperationCategory.SQL
    # So that `sqlmigrate`, and the migration linter that reads its output, include the statements.
    reduces_to_sql = True

    def __init__(self, name, databases=("postgresql", "sqlite")):
        self.name = name
        self.databases = databases

    def state_forwards(self, app_label, state):
        """Leave the state unchanged: Django's state has no functions or triggers."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        self._run(schema_editor, f"{self.name}.sql")

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        self._run(schema_editor, f"{self.name}_reverse.sql")

    def describe(self):
        return f"Run {self.name}.sql"

    def _run(self, schema_editor, file):
        vendor = schema_editor.connection.vendor
        if vendor in self.databases:
            script = (SQL / vendor / file).read_text(encoding="utf-8")
            # PostgreSQL runs a script as a whole, SQLite one statement at a time.
            for statement in _statements(script) if vendor == "sqlite" else [script]:
                schema_editor.execute(statement, params=None)


def _statements(script):
    """Yield the statements of an SQLite script. Each ends at the end of a line."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement.strip()
            statement = ""


class AddIndexWithoutLock(AddIndexConcurrently):
    """Add an index while other sessions write to the table.

    SQLite, whose writers lock the whole file, adds the index as usual. No transaction
    rolls back an interrupted build: the next run keeps a valid index and replaces an
    invalid one.
    """

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor != "postgresql":
            migrations.AddIndex.database_forwards(self, app_label, schema_editor, from_state, to_state)
            return
        add = super().database_forwards
        build_without_lock(schema_editor, self.index.name, lambda: add(app_label, schema_editor, from_state, to_state))

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor == "postgresql":
            super().database_backwards(app_label, schema_editor, from_state, to_state)
        else:
            migrations.AddIndex.database_backwards(self, app_label, schema_editor, from_state, to_state)


class CreateIndexWithoutLock(Operation):
    """Add an index that is not in Django's state, while other sessions write to the table. PostgreSQL only."""

    category = OperationCategory.ADDITION
    atomic = False
    reduces_to_sql = True

    def __init__(self, name, definition):
        self.name = name
        self.definition = definition

    def state_forwards(self, app_label, state):
        """Leave the state unchanged: the index is not part of it."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor == "postgresql":
            create = f"CREATE INDEX CONCURRENTLY {self.name} ON {self.definition}"
            build_without_lock(schema_editor, self.name, lambda: schema_editor.execute(create))

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {self.name}")

    def describe(self):
        return f"Create index {self.name} on {self.definition}"


def build_without_lock(schema_editor, name, build):
    """Call ``build``, which creates the index ``name`` concurrently, unless a valid index of that name exists."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [name])
        valid = next(iter(cursor.fetchall()), (None,))[0]
        cursor.execute("SHOW lock_timeout")
        lock_timeout = cursor.fetchone()[0]
    if valid:
        return
    # The build waits for older transactions, but no session waits for the build, so it needs no limit.
    schema_editor.execute("SET lock_timeout = 0")
    try:
        if valid is False:
            schema_editor.execute(f"DROP INDEX CONCURRENTLY {schema_editor.quote_name(name)}")
        build()
    finally:
        schema_editor.execute(f"SET lock_timeout = '{lock_timeout}'")


class AddConstraintUnchecked(AddConstraintNotValid):
    """Add a constraint. PostgreSQL checks it only for new and changed rows, not for those of an adopted table."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor == "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
        else:
            migrations.AddConstraint.database_forwards(self, app_label, schema_editor, from_state, to_state)
