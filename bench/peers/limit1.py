"""Limit 1: the maximum rate of gunicorn, serving fixed bytes."""

from bench.peers import rows

_body, _headers = rows.fixed()


def application(environ, start_response):
    """Return the fixed page."""
    start_response("200 OK", _headers)
    return [_body]
