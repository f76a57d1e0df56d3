"""Rows and indexes to test whether an index can serve a query."""

from django.db import connection

from actors.models import Actor

ROWS = 3_000
COUNTRIES = ("CN", "DE", "FR", "GB", "IN", "JP", "KR", "US")


def fill(*indexes: str):
    """Add ROWS different actors, run ANALYZE, and drop all indexes but ``indexes`` and the primary key.

    In a small table, a sequential scan or another index may cost no more than the
    index in question, especially if earlier tests have left dead rows. So until the
    transaction ends, the other indexes are dropped and sequential scans are
    disabled: a plan then shows whether an index has the conditions of a query.
    """
    Actor.objects.bulk_create(
        Actor(
            first_name=f"{row * 7919 % 26**3:x}",
            last_name=f"{row * 104729:x}",
            birth_year=1800 + row % 200,
            death_year=1950 + row % 50 if row % 200 < 150 else None,
            country=COUNTRIES[row % len(COUNTRIES)],
        )
        for row in range(ROWS)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE actor")
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "SELECT indexname FROM pg_indexes WHERE tablename = 'actor' AND indexname <> ALL (%s)",
            [["actor_pkey", *indexes]],
        )
        for (other,) in cursor.fetchall():
            cursor.execute(f"DROP INDEX {other}")
