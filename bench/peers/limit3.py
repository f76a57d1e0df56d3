"""Limit 3: fixed bytes, after one prepared query for the data version over a persistent connection.

No page that is always fresh can be served faster.
"""

import threading

import psycopg2

from bench.peers import rows

_page, _page_headers = rows.fixed()
_session = threading.local()


def application(environ, start_response):
    """Read the data version, then return the fixed page."""
    if not hasattr(_session, "cursor"):
        _session.cursor = _prepared()
    _session.cursor.execute("EXECUTE version")
    _session.cursor.fetchone()
    start_response("200 OK", _page_headers)
    return [_page]


def _prepared():
    connection = psycopg2.connect(rows.database_url())
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute("PREPARE version AS SELECT token, number, at FROM actors_version")
    return cursor
