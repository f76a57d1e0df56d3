"""Rows and indexes to test whether an index can serve a query."""

from django.db import connection

ROWS = 3_000
COUNTRIES = ["CN", "DE", "FR", "GB", "IN", "JP", "KR", "US"]


def fill(*indexes: str):
    """Add ROWS different actors, run ANALYZE, and drop all indexes but ``indexes`` and the primary key.

    In a small table, a sequential scan or another index may cost no more than the
    index in question, especially if earlier tests have left dead rows. So until the
    transaction ends, the other indexes are dropped and sequential scans are
    disabled: a plan then shows whether an index has the conditions of a query.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO actor (first_name, last_name, birth_year, death_year, country)
            SELECT to_hex(n * 7919 %% 17576), to_hex(n * 104729), 1800 + n %% 200,
                CASE WHEN n %% 200 < 150 THEN 1950 + n %% 50 END, (%s)[1 + n %% 8]
            FROM generate_series(0, %s) AS n
            """,
            [COUNTRIES, ROWS - 1],
        )
        cursor.execute("ANALYZE actor")
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "SELECT indexname FROM pg_indexes WHERE tablename = 'actor' AND indexname <> ALL (%s)",
            [["actor_pkey", *indexes]],
        )
        for (other,) in cursor.fetchall():
            cursor.execute(f"DROP INDEX {other}")
