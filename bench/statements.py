"""The SQL statements of searches: ``python -m bench.statements SEARCHES FILE``, with the site's environment.

SEARCHES is a JSON file, {kind: [URL]}. FILE receives, as JSON, ``searches``,
{kind: [[the text of a statement as it is sent]]}, and ``session``, the
settings that the site's database session does not have by default.

The site's WSGI application is called in this process, as gunicorn calls it, so
the statements include the page cache's query for the data version.
"""

import json
import os
import sys
from pathlib import Path
from urllib.parse import unquote
from wsgiref.util import setup_testing_defaults

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "actorsite.settings")

from django.db import connection

from actorsite.wsgi import application

SESSION = "SELECT name, setting FROM pg_settings WHERE source IN ('client', 'session') AND context = 'user'"


def statements_of(url: str) -> list[str]:
    """Return the statements that the site sends for a request of ``url``. Exits unless the response is 200."""
    sent, answered = [], []

    def note(execute, sql, params, many, context):
        text = context["cursor"].cursor.mogrify(sql, params)
        sent.append(text.decode() if isinstance(text, bytes) else text)
        return execute(sql, params, many, context)

    path, _, query = url.partition("?")
    environ = {"PATH_INFO": unquote(path), "QUERY_STRING": query, "HTTP_HOST": "127.0.0.1", "REMOTE_ADDR": "127.0.0.1"}
    setup_testing_defaults(environ)
    with connection.execute_wrapper(note):
        response = application(environ, lambda status, headers, *more: answered.append(status))
        for _ in response:
            pass
        if hasattr(response, "close"):
            response.close()
    if not answered[-1].startswith("200"):
        sys.exit(f"{url}: {answered[-1]}")
    return sent


def write_statements(searches: Path, file: Path):
    """Write the statements of ``searches``, and the session's settings, to ``file``."""
    found = {}
    for kind, asked in json.loads(searches.read_text(encoding="utf-8")).items():
        # Warm up: some statements are sent once per data version, and not for each search.
        statements_of(f"{asked[-1]}-before")
        found[kind] = list(map(statements_of, asked))
    with connection.cursor() as cursor:
        cursor.execute(SESSION)
        session = dict(cursor.fetchall())
    file.write_text(json.dumps({"searches": found, "session": session}), encoding="utf-8")


if __name__ == "__main__":
    write_statements(*map(Path, sys.argv[1:]))
