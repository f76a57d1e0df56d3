"""The version of all that public pages show. The database keeps it by triggers, whoever writes."""

from typing import NamedTuple

from django.db import connection

VERSION_SQL = "SELECT token, number, at FROM actors_version"


class Version(NamedTuple):
    """``token`` was never before and will never be again; ``number`` rises; ``at`` is its Unix time."""

    token: str
    number: int
    at: int


def current() -> Version:
    """Return the version that is committed now.

    Raises:
        django.db.Error: The database does not answer.
        LookupError: The table is empty.
    """
    with connection.cursor() as cursor:
        cursor.execute(VERSION_SQL)
        row = cursor.fetchone()
    if row is None:
        raise LookupError("The data has no version.")
    return Version(*row)
