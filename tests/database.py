"""Separate databases for tests that migrate, restore or stop the server."""

import os
import uuid
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg2


@contextmanager
def scratch_database(template="template1"):
    """Create a database on the tests' PostgreSQL server; yield its URL; drop it.

    The database is a copy of ``template``, which is empty by default.
    """
    name = f"scratch_{uuid.uuid4().hex[:12]}"
    with cursor_of(os.environ["TEST_DATABASE_URL"]) as cursor:
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield database_url(name)
        finally:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


def database_url(name):
    """Return the URL of a database on the tests' PostgreSQL server."""
    return urlsplit(os.environ["TEST_DATABASE_URL"])._replace(path=f"/{name}").geturl()


@contextmanager
def cursor_of(url):
    """Yield a cursor in autocommit mode, on a new connection."""
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()
