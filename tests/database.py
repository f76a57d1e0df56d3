"""Databases of their own for tests that migrate, restore or take a server away."""

import os
import uuid
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg2


@contextmanager
def scratch_database(template="template1"):
    """Make a database on the tests' PostgreSQL server, a copy of ``template``; yield its URL; drop it.

    Without ``template`` the database is empty.
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
    """Yield a cursor whose every statement is committed at once."""
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()
