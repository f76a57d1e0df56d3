"""What rows that were changed or deleted leave behind in PostgreSQL's tables and indexes, cleared away."""

import logging

from django.db import DatabaseError, connection

logger = logging.getLogger(__name__)

# Fewer are walked over in no time.
MIN_VACUUM_ROWS = 10_000


def vacuum_actors(rows: int):
    """Clear away what ``rows`` actors left that have just been changed or deleted, where they are many.

    Autovacuum does so within minutes. Until then a list walks over all of them
    at its first look: after a million, for longer than a request may take.
    Call it outside of a transaction. Where it fails, or who asks does not own
    the table, it is left to autovacuum: what was written stays written, and the
    command that wrote it has done what it should.
    https://www.postgresql.org/docs/current/sql-vacuum.html
    """
    if connection.vendor == "postgresql" and rows > MIN_VACUUM_ROWS:
        try:
            with connection.cursor() as cursor:
                cursor.execute("VACUUM (ANALYZE) actor")
        except DatabaseError as error:
            logger.warning("The changed rows are left to autovacuum: %s", str(error).strip())
