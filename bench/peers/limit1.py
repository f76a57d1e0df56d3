"""Limit 1: the most that gunicorn can serve, fixed bytes and nothing else."""

from bench.peers import rows

_body, _headers = rows.fixed()


def application(environ, start_response):
    start_response("200 OK", _headers)
    return [_body]
