"""What rows that were changed or deleted leave behind in PostgreSQL's tables and indexes, cleared away."""

from django.db import connection

# Fewer are walked over in no time.
MANY = 10_000


def vacuum(rows: int):
    """Clear away what ``rows`` actors left that have just been changed or deleted, where they are many.

    Autovacuum does so within minutes. Until then a list walks over all of them
    at its first look: after a million, for longer than a request may take.
    Call it outside of a transaction. Who does not own the table leaves it to
    autovacuum: PostgreSQL warns, and does nothing.
    https://www.postgresql.org/docs/current/sql-vacuum.html
    """
    if connection.vendor == "postgresql" and rows > MANY:
        with connection.cursor() as cursor:
            cursor.execute("VACUUM (ANALYZE) actor")
