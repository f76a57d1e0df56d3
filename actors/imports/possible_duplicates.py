"""Possible duplicates among the rows to be added: a warning, not an error."""

from typing import NamedTuple

from django.db import connection

from actors.imports.staging import Staging
from actors.models.years import YEAR_FIELDS

# Maximum number of rows that are checked, since each is looked up in the index of names.
MAX_CHECKED_ROWS = 100_000


class PossibleDuplicate(NamedTuple):
    """A row to be added, and the id of an actor or the line of another row with the same folded name."""

    line: int
    name: str
    actor: int | None
    other: int | None


def find_possible_duplicates(staging: Staging, limit: int) -> tuple[int, list[PossibleDuplicate]]:
    """Return how many rows to be added are possible duplicates, and the first ``limit`` of them by line.

    Two rows, or a row and an actor, are possible duplicates if their folded names are equal, and each year that both
    have is equal.
    Rows with the same name and years are looked up once. Call it after ``compare``.
    """
    with connection.cursor() as cursor:
        cursor.execute(_duplicates_sql(staging, limit))
        rows = cursor.fetchall()
    found = [
        PossibleDuplicate(line, f"{first} {last}".strip(), actor, other)
        for line, first, last, actor, other, _all in rows
    ]
    return (rows[0][-1] if rows else 0), found


def _duplicates_sql(staging: Staging, limit: int) -> str:
    value = {name: f"r.{name}" if name in staging.names else "''" for name in ("first_name", "last_name")}
    # The function and collation of the column sort_last (text_functions.sql).
    folded = f"actor_fold({value['last_name']} || ' ' || {value['first_name']})"
    folded += ' COLLATE "C"' if staging.postgresql else ""
    born, died = (f"coalesce(r.{name}, 0)" if name in staging.names else "0" for name in YEAR_FIELDS)
    there = " AND ".join(f"(k.{name} = 0 OR coalesce(a.{name}, k.{name}) = k.{name})" for name in YEAR_FIELDS)
    in_file = " AND ".join(f"(k.{name} = 0 OR o.{name} IN (0, k.{name}))" for name in YEAR_FIELDS)
    return f"""
WITH named AS (
    SELECT r.line, {value["first_name"]} AS first_name, {value["last_name"]} AS last_name, {folded} AS name,
        {born} AS birth_year, {died} AS death_year
    FROM import_row AS r WHERE r.fine AND {staging.is_new()} ORDER BY r.line LIMIT {MAX_CHECKED_ROWS:d}
), kind AS (
    SELECT name, birth_year, death_year, min(line) AS earliest, max(line) AS latest
    FROM named GROUP BY name, birth_year, death_year
), known AS (
    SELECT k.name, k.birth_year, k.death_year, min(o.earliest) AS earliest, max(o.latest) AS latest,
        (SELECT min(a.actor_id) FROM actor AS a WHERE a.sort_last = k.name AND {there}) AS actor
    FROM kind AS k JOIN kind AS o ON o.name = k.name AND {in_file}
    GROUP BY k.name, k.birth_year, k.death_year
), found AS (
    SELECT n.line, n.first_name, n.last_name, k.actor,
        CASE WHEN k.earliest <> n.line THEN k.earliest WHEN k.latest <> n.line THEN k.latest END AS other
    FROM named AS n JOIN known AS k USING (name, birth_year, death_year)
)
SELECT line, first_name, last_name, actor, other, count(*) OVER () FROM found
WHERE actor IS NOT NULL OR other IS NOT NULL ORDER BY line LIMIT {limit:d}"""
