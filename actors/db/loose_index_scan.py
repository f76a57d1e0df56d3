"""Distinct values by steps through an index: one probe for each value, where DISTINCT would read every row.

Neither PostgreSQL nor SQLite does this by itself (https://wiki.postgresql.org/wiki/Loose_indexscan).
"""

from actors.text.index_letters import WHOLE_SCRIPTS
from actors.text.normalize import HIGHEST_CHARACTER

# Limits the recursion. A list of names in many scripts has about a hundred first letters.
MAX_LETTERS = 200


def distinct_values_sql(name: str, column: str, value: str, table: str, beyond: str, first: str = "") -> str:
    """Return the SQL of the common table expression ``name (column)``, for WITH RECURSIVE. Its last row is NULL.

    ``value`` is an aggregate such as ``min(year)``. The first row has the aggregate of the rows of ``table`` that meet
    the condition ``first``, or of all rows. Each further row has the aggregate of the rows that meet ``beyond``, a
    condition that compares them with the previous row.
    """
    where = f" WHERE {first}" if first else ""
    return (
        f"{name} ({column}) AS (SELECT {value} FROM {table}{where} UNION ALL "  # noqa: S608  names and conditions from our code, without values
        f"SELECT (SELECT {value} FROM {table} WHERE {beyond}) FROM {name} WHERE {name}.{column} IS NOT NULL)"
    )


def first_letters_sql(table: str, key: str, condition: str = "") -> str:
    """Return the SQL of the common table expression ``step (letter, number)``, for WITH RECURSIVE.

    It contains the distinct first letters of the column ``key`` in the rows that meet ``condition``, or in all rows,
    numbered in order. The last letter is NULL. Each script of WHOLE_SCRIPTS has only one row, with its first letter
    that occurs.
    """
    beyond = " ".join(
        f"WHEN letter BETWEEN '{first}' AND '{last}' THEN '{last}'" for first, last in WHOLE_SCRIPTS.values()
    )
    condition = f" AND {condition}" if condition else ""
    return (
        f"step (letter, number) AS ("  # noqa: S608  names and conditions from our code, and the letters of WHOLE_SCRIPTS
        f"SELECT (SELECT substr(min({key}), 1, 1) FROM {table} WHERE {key} > ''{condition}), 1 UNION ALL "
        f"SELECT (SELECT substr(min({key}), 1, 1) FROM {table} "
        f"WHERE {key} > CASE {beyond} ELSE letter END || '{HIGHEST_CHARACTER}'{condition}), number + 1 "
        f"FROM step WHERE letter IS NOT NULL AND number < {MAX_LETTERS})"
    )
