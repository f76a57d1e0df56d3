"""The version of the public data. Triggers raise it on every write."""

from typing import NamedTuple

from django.db import connection

VERSION_SQL = "SELECT token, number, at FROM actors_version"


class Version(NamedTuple):
    """One state of the data: ``token`` is unique, ``number`` rises with every change, ``at`` is its Unix time."""

    token: str
    number: int
    at: int


def current() -> Version:
    """Return the committed version.

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
