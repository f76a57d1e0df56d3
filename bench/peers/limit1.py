"""Limit 1: what gunicorn gives at most. Fixed bytes, and nothing else."""

import psycopg2

from bench.peers import rows

with psycopg2.connect(rows.database_url()) as _connection, _connection.cursor() as _cursor:
    _cursor.execute(rows.QUERY)
    _body = rows.page(_cursor)
_connection.close()
_headers = [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(_body)))]


def application(environ, start_response):
    start_response("200 OK", _headers)
    return [_body]
