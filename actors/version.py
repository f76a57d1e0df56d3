"""The version of all that public pages show. The database keeps it (data_version.sql), whoever writes.

Read it before the rows: what is read after it may be newer, never older.
"""

import threading
from typing import NamedTuple

from django.db import connection
from psycopg2 import errors

_SQL = "SELECT token, number, at FROM actors_version"
# Parsed and planned once for a connection: half of what the question costs.
_PREPARE = f"PREPARE actors_version AS {_SQL}"
_EXECUTE = "EXECUTE actors_version"
# A pooler gave us another's session, or the table was changed.
_UNPREPARED = (errors.InvalidSqlStatementName, errors.DuplicatePreparedStatement, errors.FeatureNotSupported)


class Version(NamedTuple):
    """``token`` was never before and will never be again; ``number`` rises; ``at`` is its Unix time."""

    token: str
    number: int
    at: int


class _Asked(threading.local):
    connection = cursor = None
    sql = _SQL


_asked = _Asked()


def current() -> Version:
    """Return the version that is committed now.

    Raises the driver's own exceptions, and Django's where there is no
    connection yet; LookupError where the table is empty.
    """
    connection.ensure_connection()
    return ask(connection.connection)


def ask(raw) -> Version:
    """Return the same by the driver's own connection, one that Django made. Raises as ``current`` does."""
    asked = _asked
    if raw is not asked.connection:
        _ask_of(raw)
    cursor = asked.cursor
    try:
        cursor.execute(asked.sql)
    except _UNPREPARED:
        asked.sql = _SQL
        cursor.execute(_SQL)
    row = cursor.fetchone()
    if row is None:
        raise LookupError("The data has no version.")
    return Version(*row)


def _ask_of(raw):
    # The cursor of Django's driver itself: Django's own costs as much as the question.
    cursor, sql = raw.cursor(), _SQL
    if connection.vendor == "postgresql":
        try:
            cursor.execute(_PREPARE)
            sql = _EXECUTE
        except _UNPREPARED:
            pass
    _asked.connection, _asked.cursor, _asked.sql = raw, cursor, sql
