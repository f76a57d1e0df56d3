"""The trigram indexes that searches use, on PostgreSQL with the extension pg_trgm."""

from django.core.management.base import OutputWrapper
from django.db import DatabaseError, connection
from django.db.backends.utils import CursorWrapper

# The same indexes as in actors/migrations/0004_indexes.py; a test compares them.
INDEXES = {"actor_search_trgm": "actor", "film_search_trgm": "actors_film"}


def make_trigram_indexes(stdout: OutputWrapper) -> None:
    """Create each index that is missing or invalid, without blocking writes to its table.

    The migration continues without them if the extension is refused, so every
    release tries again. If it is still refused, a message on ``stdout`` says so:
    search is then slower, but correct.
    """
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        missing = _missing(cursor)
        if not missing:
            return
        schema = _schema(cursor)
        if not schema:
            try:
                cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            except DatabaseError as error:
                stdout.write(f"Without pg_trgm, search reads the whole table: {str(error).strip()}")
                return
            schema = _schema(cursor)
        cursor.execute("SHOW lock_timeout")
        lock_timeout = cursor.fetchone()[0]
        # The build waits for older transactions, but no session waits for the build, so it needs no limit.
        cursor.execute("SET lock_timeout = 0")
        try:
            for index in missing:
                stdout.write(f"Creating the index {index}.")
                # An interrupted build leaves an invalid index behind.
                cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {index}")
                cursor.execute(
                    f"CREATE INDEX CONCURRENTLY {index} ON {INDEXES[index]} USING gin (search {schema}.gin_trgm_ops)"
                )
        finally:
            cursor.execute(f"SET lock_timeout = '{lock_timeout}'")


def _missing(cursor: CursorWrapper) -> list[str]:
    """Return the names of the indexes that don't exist or are invalid."""
    cursor.execute(
        "SELECT name FROM unnest(%s) AS name WHERE NOT EXISTS"
        " (SELECT FROM pg_index WHERE indexrelid = to_regclass(name) AND indisvalid)",
        [list(INDEXES)],
    )
    return [name for (name,) in cursor.fetchall()]


def _schema(cursor: CursorWrapper) -> str | None:
    """Return the quoted name of the schema that pg_trgm is in, or None without pg_trgm."""
    # If a server administrator created the extension, its schema may not be on the search path.
    cursor.execute(
        "SELECT quote_ident(nspname) FROM pg_extension JOIN pg_namespace AS n ON n.oid = extnamespace"
        " WHERE extname = 'pg_trgm'"
    )
    return next((name for (name,) in cursor.fetchall()), None)
