"""Backups of the database, and the proof that one can be restored.

A backup is an archive (of pg_dump, in its custom format; for SQLite a copy of
the file) and a manifest beside it: what must be in a database that is restored
from the archive. Both come of one snapshot.
"""

import hashlib
import json
import os
import re
import secrets
import shutil
import sqlite3
import subprocess
import tempfile
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import django
import psycopg2
from django.db import connection

MANIFEST_FORMAT = 1
MANIFEST_SUFFIX = ".manifest.json"
# The parameters of libpq that a DATABASE_URL may carry, and that its programs read from the environment.
LIBPQ_VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "connect_timeout": "PGCONNECT_TIMEOUT",
}
# A row's text must not depend on the session that reads it.
SESSION_SQL = (
    "SET statement_timeout = 0; SET lock_timeout = 0; SET TIME ZONE 'UTC'; SET DateStyle = 'ISO'; "
    "SET IntervalStyle = 'postgres'; SET bytea_output = 'hex'; SET extra_float_digits = 1"
)


class BackupError(Exception):
    """The backup was not made, or cannot be trusted; the message says why."""


class Unavailable(BackupError):
    """What it takes is not there, whatever the backup is: a program, the server, or the right to make a database."""


def libpq_parameters(settings_dict):
    """Return libpq's parameters for one of Django's databases."""
    found = {
        "host": settings_dict["HOST"],
        "port": settings_dict["PORT"],
        "user": settings_dict["USER"],
        "password": settings_dict["PASSWORD"],
        "dbname": settings_dict["NAME"],
        **settings_dict.get("OPTIONS", {}),
    }
    return {name: str(found[name]) for name in LIBPQ_VARIABLES if found.get(name)}


def environment(libpq):
    """Return the environment in which PostgreSQL's programs find the server; arguments could be seen by others."""
    return {**os.environ, **{LIBPQ_VARIABLES[name]: value for name, value in libpq.items()}}


def client_major_version(program):
    """Return the major version of one of PostgreSQL's programs. Raises Unavailable where it is missing."""
    if not shutil.which(program):
        raise Unavailable(f"{program} is not installed: it comes with PostgreSQL's client.")
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    return int(re.search(r"\) (\d+)", said)[1])


@contextmanager
def open_session(libpq):
    """Yield a cursor of a connection of its own, in autocommit mode. Raises Unavailable."""
    try:
        opened = psycopg2.connect(**libpq)
    except psycopg2.OperationalError as error:
        raise Unavailable(f"The server is not there: {error}".strip()) from None
    with closing(opened):
        opened.autocommit = True
        with opened.cursor() as cursor:
            cursor.execute(SESSION_SQL)
            yield cursor


def database_contents(cursor):
    """Return what is in a PostgreSQL database: rows and a checksum of every table, and how far sequences are."""
    cursor.execute(
        "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables "
        "WHERE schemaname NOT LIKE 'pg\\_%' AND schemaname <> 'information_schema' ORDER BY 1"
    )
    tables = {}
    for (table,) in cursor.fetchall():
        # The sum of the rows' hashes: the same in any order, and no more memory for more rows.
        cursor.execute(
            "SELECT count(*), coalesce(sum(('x' || left(md5(t::text), 16))::bit(64)::bigint::numeric), 0)::text "  # noqa: S608  the name comes quoted out of the catalogue
            f"FROM {table} AS t"
        )
        rows, checksum = cursor.fetchone()
        tables[table] = {"rows": rows, "checksum": checksum}
    cursor.execute(
        "SELECT quote_ident(schemaname) || '.' || quote_ident(sequencename), coalesce(last_value, 0) FROM pg_sequences "
        "WHERE schemaname NOT LIKE 'pg\\_%' ORDER BY 1"
    )
    return {"tables": tables, "sequences": dict(cursor.fetchall())}


def sqlite_contents(path):
    """Return what is in an SQLite file, as ``contents`` does. Raises BackupError where the file is damaged."""
    tables = {}
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as opened:
            # A text that is no UTF-8 counts as it is.
            opened.text_factory = bytes
            if (said := opened.execute("PRAGMA integrity_check").fetchone()[0]) != b"ok":
                raise BackupError(f"The file is damaged: {said.decode(errors='replace')}")
            names = opened.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
            for (name,) in names:
                quoted = name.decode().replace('"', '""')
                rows = total = 0
                for row in opened.execute(f'SELECT * FROM "{quoted}"'):  # noqa: S608 -- the catalogue's own names
                    rows += 1
                    total += int.from_bytes(hashlib.sha256(repr(row).encode()).digest()[:8])
                tables[name.decode()] = {"rows": rows, "checksum": str(total)}
    except sqlite3.DatabaseError as error:
        raise BackupError(f"The file is damaged: {error}") from None
    return {"tables": tables, "sequences": {}}


def file_sha256(path):
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def dump(path):
    """Write an archive of the site's database to ``path``; return its manifest. Raises BackupError."""
    manifest = {
        "format": MANIFEST_FORMAT,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "django": django.__version__,
    }
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(connection.settings_dict["NAME"])) as source, closing(sqlite3.connect(path)) as to:
            source.backup(to)
        manifest |= {"engine": "sqlite", "server": sqlite3.sqlite_version, **sqlite_contents(path)}
    else:
        manifest |= {"engine": "postgresql", "pg_dump": client_major_version("pg_dump"), **_pg_dump(path)}
    return manifest | {"size": Path(path).stat().st_size, "sha256": file_sha256(path)}


def _pg_dump(path):
    libpq = libpq_parameters(connection.settings_dict)
    with open_session(libpq) as cursor:
        cursor.execute("SHOW server_version")
        server = cursor.fetchone()[0]
        if int(server.split(".")[0].split()[0]) > client_major_version("pg_dump"):
            raise BackupError(
                f"The server is PostgreSQL {server}: pg_dump {client_major_version('pg_dump')} cannot dump a newer one."
            )
        # What other sessions commit from here on is neither in the archive nor in the manifest.
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        command = ["pg_dump", "--format=custom", f"--snapshot={cursor.fetchone()[0]}", "--lock-wait-timeout=30000"]
        found = database_contents(cursor)
        done = subprocess.run([*command, f"--file={path}"], env=environment(libpq), capture_output=True, text=True)
        if done.returncode:
            raise BackupError(f"pg_dump failed: {done.stderr.strip()}")
        return {"server": server, **found}


def read_manifest(path):
    """Return the manifest at ``path``. Raises BackupError where it is none of ours."""
    try:
        manifest = json.loads(Path(path).read_text(encoding="utf-8"))
        if manifest["format"] != MANIFEST_FORMAT:
            raise BackupError(f"The manifest has format {manifest['format']}; this version reads {MANIFEST_FORMAT}.")
        return manifest
    except (ValueError, KeyError, TypeError) as error:
        raise BackupError(f"The manifest cannot be read: {error}") from None


def restore_and_read(path, server=None):
    """Restore the archive at ``path`` where it does no harm; return what is in it then.

    Into a new database of ``server`` (libpq's parameters; the site's own where
    none are given), which is dropped again. An SQLite file is read where it
    is. Raises BackupError at the first error, and Unavailable where it could not
    be tried.
    """
    with Path(path).open("rb") as file:
        start = file.read(16)
    if start.startswith(b"SQLite format 3\0"):
        return sqlite_contents(path)
    if not start.startswith(b"PGDMP"):
        raise BackupError("This is neither an archive of pg_dump (custom format) nor an SQLite file.")
    libpq = server or libpq_parameters(connection.settings_dict)
    name = f"actorsite_verify_{secrets.token_hex(6)}"
    with open_session(libpq) as cursor:
        try:
            cursor.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
        except psycopg2.errors.InsufficientPrivilege:
            raise Unavailable(
                "This account may not create a database to restore it in: name a server where one may by --server."
            ) from None
        try:
            scratch = {**libpq, "dbname": name}
            _restore(path, scratch)
            with open_session(scratch) as inside:
                return database_contents(inside)
        finally:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _restore(path, libpq):
    """Restore an archive of pg_dump into the empty database that ``libpq`` names. Raises BackupError."""
    client, _ = client_major_version("pg_restore"), client_major_version("psql")
    with open_session(libpq) as cursor:
        cursor.execute("SHOW server_version_num")
        server = int(cursor.fetchone()[0]) // 10_000
    with tempfile.TemporaryFile() as errors:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL, "stderr": errors}
        reader = subprocess.Popen(
            # Who owned what is another server's business; comments on extensions only their owners may set.
            ["pg_restore", "--no-owner", "--no-privileges", "--no-comments", "--file=-", str(path)],
            **{**pipes, "stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE},
        )
        writer = subprocess.Popen(
            ["psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"], env=environment(libpq), **pipes
        )
        with suppress(BrokenPipeError), writer.stdin, reader.stdout:
            # This pg_restore sets, once and before all else, what an older server does not know.
            if client >= 17 > server:
                for line in reader.stdout:
                    if line.startswith(b"SET transaction_timeout"):
                        break
                    writer.stdin.write(line)
            shutil.copyfileobj(reader.stdout, writer.stdin)
        if (reader.wait(), writer.wait()) != (0, 0):
            errors.seek(0)
            said = errors.read(4000).decode(errors="replace").strip()
            raise BackupError(f"It was not restored: {said or 'pg_restore or psql ended early.'}")


def manifest_differences(manifest, found):
    """Return a line for each difference between a manifest and what ``restored`` found."""
    lines = []
    for table in sorted({*manifest["tables"], *found["tables"]}):
        before, after = manifest["tables"].get(table), found["tables"].get(table)
        if before is None or after is None:
            lines.append(f"{table}: {'not in the manifest' if before is None else 'missing'}")
        elif before["rows"] != after["rows"]:
            lines.append(f"{table}: {after['rows']} rows, where the manifest has {before['rows']}")
        elif before["checksum"] != after["checksum"]:
            lines.append(f"{table}: {after['rows']} rows, but not the same ones")
    # Sequences go on while a dump is made: further than the manifest says is right.
    for sequence, value in manifest["sequences"].items():
        if found["sequences"].get(sequence, -1) < value:
            lines.append(f"{sequence}: behind {value}")
    return lines
