"""The data: one PostgreSQL server with a database for each size, and an SQLite copy for datasette."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import psycopg2

from tests.postgres import PostgreSQL
from tests.server import ROOT, environment

COLUMNS = "actor_id, first_name, last_name, birth_year, death_year, country, sort_last"


def start_server() -> PostgreSQL:
    """Start the PostgreSQL server that the site, the peers and the limits share."""
    return PostgreSQL(options=("-c", "shared_buffers=512MB", "-c", "max_wal_size=4GB"))


def make(server: PostgreSQL, name: str, template: str = "") -> str:
    """Create a database with the site's schema, or as a copy of ``template``; return its URL."""
    execute(server.url(), f"CREATE DATABASE {name}{f' TEMPLATE {template}' if template else ''}")
    url = server.url(name)
    if not template:
        manage(url, "migrate", "--verbosity=0")
    return url


def drop(server: PostgreSQL, name: str) -> None:
    """Drop a database and close its connections."""
    execute(server.url(), f"DROP DATABASE {name} WITH (FORCE)")


def fill(server: PostgreSQL, rows: int) -> str:
    """Create a database with the site's schema and ``rows`` actors; return its URL."""
    url = make(server, f"actors_{rows}")
    manage(url, "make_actors", str(rows))
    execute(url, "VACUUM ANALYZE")
    return url


def manage(url: str, *arguments: str) -> None:
    """Run ``manage.py`` with ``arguments`` on the database at ``url``; standard error shows its progress."""
    environ = environment(DATABASE_URL=url)
    subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=ROOT, env=environ, check=True, stdout=subprocess.DEVNULL
    )


def execute(url: str, statement: str) -> None:
    """Run a statement outside a transaction, as CREATE DATABASE and VACUUM need."""
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()


def query(url: str, statement: str) -> list[tuple]:
    """Return the rows of ``statement``."""
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()
    finally:
        connection.close()


def copy_to_sqlite(url: str, path: Path) -> None:
    """Write the actors of the database at ``url`` into a new SQLite file, with an index on the sort order."""
    source, copy = psycopg2.connect(url), sqlite3.connect(path)
    try:
        copy.execute(f"CREATE TABLE actor ({COLUMNS.replace('actor_id', 'id INTEGER PRIMARY KEY')})")
        with source.cursor("actors") as cursor:
            cursor.itersize = 10_000
            cursor.execute(f"SELECT {COLUMNS} FROM actor")
            copy.executemany("INSERT INTO actor VALUES (?, ?, ?, ?, ?, ?, ?)", cursor)
        copy.execute("CREATE INDEX actor_sort_last ON actor (sort_last, id)")
        copy.commit()
    finally:
        source.close()
        copy.close()


def psql(server: PostgreSQL) -> str | None:
    """Return the path of psql, or None if it is not installed."""
    for folder in (server.bin, *map(Path, os.get_exec_path())):
        if (folder / "psql").exists():
            return str(folder / "psql")
    return None
