"""VACUUM after large imports and deletions."""

import logging

from django.db import DatabaseError, connection

logger = logging.getLogger(__name__)

# Fewer dead rows do not slow down a list.
MIN_VACUUM_ROWS = 10_000


def vacuum_actors(rows: int) -> None:
    """Vacuum the table of actors if ``rows``, the number of rows just changed or deleted, is large.

    Autovacuum would do so within minutes. Until then, the first request for a list
    reads all dead rows: a million of them take longer than a request may. Call it
    outside a transaction. If VACUUM fails, this logs a warning and leaves the work to
    autovacuum: the changes themselves are committed. If the database role does not
    own the table, PostgreSQL skips it.
    https://www.postgresql.org/docs/current/sql-vacuum.html
    """
    if connection.vendor == "postgresql" and rows > MIN_VACUUM_ROWS:
        try:
            with connection.cursor() as cursor:
                cursor.execute("VACUUM (ANALYZE) actor")
        except DatabaseError as error:
            logger.warning("VACUUM failed, so autovacuum will remove the old rows later: %s", str(error).strip())
