"""Limit 2: one indexed SELECT over a persistent connection, rows joined by f-strings."""

import threading

import psycopg2

from bench.peers import rows

_session = threading.local()


def application(environ, start_response):
    """Return the page, from rows read for this request."""
    if not hasattr(_session, "connection"):
        _session.connection = psycopg2.connect(rows.database_url())
        _session.connection.autocommit = True
    with _session.connection.cursor() as cursor:
        cursor.execute(rows.QUERY)
        body = rows.page(cursor.fetchall())
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(body)))])
    return [body]
