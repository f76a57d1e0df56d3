"""Limit 2: one indexed SELECT over a persistent connection, rows joined by f-strings."""

import threading

import psycopg2

from bench.peers import rows

_kept = threading.local()


def application(environ, start_response):
    if not hasattr(_kept, "connection"):
        _kept.connection = psycopg2.connect(rows.database_url())
        _kept.connection.autocommit = True
    with _kept.connection.cursor() as cursor:
        cursor.execute(rows.QUERY)
        body = rows.page(cursor.fetchall())
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(body)))])
    return [body]
