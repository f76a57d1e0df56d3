"""Entry point of manage.py: database errors end in a one-line message instead of a traceback."""

import sys

from django.core.management import execute_from_command_line
from django.db import OperationalError, ProgrammingError

from actorsite import __version__

# https://www.postgresql.org/docs/current/errcodes-appendix.html: undefined_table
UNDEFINED_TABLE = "42P01"


def run(arguments: list[str]) -> None:
    """Run a command of manage.py. With ``--traceback``, database errors keep their traceback, as in Django.

    ``version`` prints the site's version, without reading the settings. ``--version`` prints Django's.
    """
    if arguments[1:] == ["version"]:
        print(__version__)
        return
    try:
        execute_from_command_line(arguments)
    except (OperationalError, ProgrammingError) as error:
        reason = explain_database_error(error)
        if not reason or "--traceback" in arguments:
            raise
        sys.exit(reason)


def explain_database_error(error: Exception) -> str:
    """Return one line about ``error`` and what an operator can do; "" if the error is a bug of the site."""
    text = str(error).strip()
    if getattr(error.__cause__, "pgcode", None) == UNDEFINED_TABLE or text.startswith("no such table"):
        return f"The database is not migrated. Run `manage.py migrate` first ({text.splitlines()[0]})."
    if isinstance(error, ProgrammingError):
        return ""
    # https://www.postgresql.org/docs/current/libpq-ssl.html
    hint = ""
    if "server does not support SSL" in text:
        hint = ". To connect without TLS, add `?sslmode=disable` to DATABASE_URL"
    return f"The database cannot be used: {' '.join(text.split())}{hint}."
