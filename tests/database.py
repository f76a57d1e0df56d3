"""Databases of their own for tests that migrate, restore or take a server away."""

import os
import uuid
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg2


@contextmanager
def scratch_database():
    """Make an empty database on the tests' PostgreSQL server; yield its URL; drop it."""
    server = os.environ["TEST_DATABASE_URL"]
    name = f"scratch_{uuid.uuid4().hex[:12]}"
    with cursor_of(server) as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        try:
            yield urlsplit(server)._replace(path=f"/{name}").geturl()
        finally:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def cursor_of(url):
    """Yield a cursor whose every statement is committed at once."""
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()
