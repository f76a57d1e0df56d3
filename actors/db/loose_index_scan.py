"""Distinct values by steps through an index: one probe for each value, where DISTINCT would read every row.

Neither database does this by itself (https://wiki.postgresql.org/wiki/Loose_indexscan).
"""

from actors.text.index_letters import WHOLE_SCRIPTS
from actors.text.normalize import HIGHEST_CHARACTER

# No script that is written letter by letter has more; a list of all comes near a hundred.
MAX_LETTERS = 200


def distinct_values_sql(name: str, column: str, value: str, table: str, beyond: str, first: str = "") -> str:
    """Return the SQL of the common table ``name (column)``, for WITH RECURSIVE. Its last row is NULL.

    ``value`` is an aggregate, such as ``min(year)``, of the rows in ``table`` that are left: of those that the
    condition ``first`` is true of, and then of those that are ``beyond`` the last value.
    """
    where = f" WHERE {first}" if first else ""
    return (
        f"{name} ({column}) AS (SELECT {value} FROM {table}{where} UNION ALL "  # noqa: S608  names of ours
        f"SELECT (SELECT {value} FROM {table} WHERE {beyond}) FROM {name} WHERE {name}.{column} IS NOT NULL)"
    )


def first_letters_sql(table: str, key: str, condition: str = "") -> str:
    """Return the SQL of the common table ``step (letter, number)``, for WITH RECURSIVE. Its last row is NULL.

    Its letters are those that texts in the column ``key`` begin with, numbered in order; only where ``condition`` is
    true, if it is given. A script of thousands of letters is one of them.
    """
    beyond = " ".join(
        f"WHEN letter BETWEEN '{first}' AND '{last}' THEN '{last}'" for first, last in WHOLE_SCRIPTS.values()
    )
    condition = f" AND {condition}" if condition else ""
    return (
        f"step (letter, number) AS ("  # noqa: S608  names of ours
        f"SELECT (SELECT substr(min({key}), 1, 1) FROM {table} WHERE {key} > ''{condition}), 1 UNION ALL "
        f"SELECT (SELECT substr(min({key}), 1, 1) FROM {table} "
        f"WHERE {key} > CASE {beyond} ELSE letter END || '{HIGHEST_CHARACTER}'{condition}), number + 1 "
        f"FROM step WHERE letter IS NOT NULL AND number < {MAX_LETTERS})"
    )
