"""Backups of the database, and their verification by restoring.

A backup is an archive (pg_dump's custom format; for SQLite a copy of the file) and a
manifest next to it, which lists the contents that a database restored from the archive
must have. Both are read from one snapshot.
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
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias, TypedDict

import django
import psycopg2
from django.db import connection
from psycopg2 import extensions

MANIFEST_FORMAT = 1
MANIFEST_SUFFIX = ".manifest.json"
# The parameters of libpq that a DATABASE_URL may contain, and their environment variables.
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
# Checksums are computed from the text of rows, so this text must be the same in every session.
SESSION_SQL = (
    "SET statement_timeout = 0; SET lock_timeout = 0; SET TIME ZONE 'UTC'; SET DateStyle = 'ISO'; "
    "SET IntervalStyle = 'postgres'; SET bytea_output = 'hex'; SET extra_float_digits = 1"
)


# libpq's connection parameters by name. All values are strings.
Libpq: TypeAlias = dict[str, Any]


class TableContents(TypedDict):
    """The number of rows of a table, and a checksum that does not depend on their order."""

    rows: int
    checksum: str


class Contents(TypedDict):
    """The contents of a database: its tables, and the last values of its sequences."""

    tables: dict[str, TableContents]
    sequences: dict[str, int]


class BackupError(Exception):
    """The backup was not written, or is not valid; the message says why."""


class VerificationUnavailableError(BackupError):
    """Verification is not possible: a program, the server, or the permission to create a database is missing."""


def libpq_parameters(settings_dict: Mapping[str, Any]) -> Libpq:
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


def environment(libpq: Libpq) -> dict[str, str]:
    """Return the environment variables for PostgreSQL's programs. Unlike arguments, other users cannot see them."""
    return {**os.environ, **{LIBPQ_VARIABLES[name]: value for name, value in libpq.items()}}


def client_major_version(program: str) -> int:
    """Return the major version of a PostgreSQL program. Raises VerificationUnavailableError if it is missing."""
    if not shutil.which(program):
        raise VerificationUnavailableError(f"{program} is not installed. Install PostgreSQL's client programs.")
    output = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    return int(re.findall(r"\) (\d+)", output)[0])


@contextmanager
def open_session(libpq: Libpq) -> Iterator[extensions.cursor]:
    """Yield a cursor of a new connection in autocommit mode. Raises VerificationUnavailableError."""
    try:
        opened = psycopg2.connect(**libpq)
    except psycopg2.OperationalError as error:
        raise VerificationUnavailableError(f"The database server cannot be reached: {error}".strip()) from None
    with closing(opened):
        opened.autocommit = True
        with opened.cursor() as cursor:
            cursor.execute(SESSION_SQL)
            yield cursor


def database_contents(cursor: extensions.cursor) -> Contents:
    """Return the contents of a PostgreSQL database."""
    cursor.execute(
        "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables "
        "WHERE schemaname NOT LIKE 'pg\\_%' AND schemaname <> 'information_schema' ORDER BY 1"
    )
    tables: dict[str, TableContents] = {}
    for (table,) in cursor.fetchall():
        # The sum of the rows' hashes: it does not depend on their order, and takes constant memory.
        cursor.execute(
            "SELECT count(*), coalesce(sum(('x' || left(md5(t::text), 16))::bit(64)::bigint::numeric), 0)::text "  # noqa: S608  quote_ident names from the system catalog
            f"FROM {table} AS t"
        )
        ((rows, checksum),) = cursor.fetchall()
        tables[table] = {"rows": rows, "checksum": checksum}
    cursor.execute(
        "SELECT quote_ident(schemaname) || '.' || quote_ident(sequencename), coalesce(last_value, 0) FROM pg_sequences "
        "WHERE schemaname NOT LIKE 'pg\\_%' ORDER BY 1"
    )
    return {"tables": tables, "sequences": dict(cursor.fetchall())}


def sqlite_contents(path: Path) -> Contents:
    """Return the contents of an SQLite file. Raises BackupError if the file is damaged."""
    tables: dict[str, TableContents] = {}
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as opened:
            # Text in SQLite may not be valid UTF-8.
            opened.text_factory = bytes
            if (output := opened.execute("PRAGMA integrity_check").fetchone()[0]) != b"ok":
                raise BackupError(f"The file is damaged: {output.decode(errors='replace')}")
            names = opened.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
            for (name,) in names:
                quoted = name.decode().replace('"', '""')
                rows = total = 0
                for row in opened.execute(f'SELECT * FROM "{quoted}"'):  # noqa: S608  quoted names from sqlite_master
                    rows += 1
                    total += int.from_bytes(hashlib.sha256(repr(row).encode()).digest()[:8])
                tables[name.decode()] = {"rows": rows, "checksum": str(total)}
    except sqlite3.DatabaseError as error:
        raise BackupError(f"The file is damaged: {error}") from None
    return {"tables": tables, "sequences": {}}


def file_sha256(path: Path) -> str:
    """Return the SHA-256 digest of a file, in hexadecimal."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def dump(path: Path) -> dict[str, Any]:
    """Write an archive of the site's database to ``path``; return its manifest. Raises BackupError."""
    manifest: dict[str, Any] = {
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


def _pg_dump(path: Path) -> dict[str, Any]:
    libpq = libpq_parameters(connection.settings_dict)
    with open_session(libpq) as cursor:
        cursor.execute("SHOW server_version")
        server = _single_value(cursor)
        if int(server.split(".")[0].split()[0]) > client_major_version("pg_dump"):
            raise BackupError(
                f"pg_dump {client_major_version('pg_dump')} cannot dump the newer server, PostgreSQL {server}."
            )
        # Later commits of other sessions are neither in the archive nor in the manifest.
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        command = ["pg_dump", "--format=custom", f"--snapshot={_single_value(cursor)}", "--lock-wait-timeout=30000"]
        found = database_contents(cursor)
        done = subprocess.run([*command, f"--file={path}"], env=environment(libpq), capture_output=True, text=True)
        if done.returncode:
            raise BackupError(f"pg_dump failed: {done.stderr.strip()}")
        return {"server": server, **found}


def _single_value(cursor: extensions.cursor) -> Any:
    """Return the value of a result of one row and one column."""
    ((value,),) = cursor.fetchall()
    return value


def read_manifest(path: Path) -> dict[str, Any]:
    """Return the manifest at ``path``. Raises BackupError if it is invalid."""
    try:
        manifest = json.loads(Path(path).read_text(encoding="utf-8"))
        if manifest["format"] != MANIFEST_FORMAT:
            raise BackupError(f"The manifest has format {manifest['format']}; this version reads {MANIFEST_FORMAT}.")
        return manifest
    except (ValueError, KeyError, TypeError) as error:
        raise BackupError(f"The manifest cannot be read: {error}") from None


def restore_and_read(path: Path, server: Libpq | None = None) -> Contents:
    """Restore the archive at ``path`` into a temporary database, and return its contents.

    An SQLite file is only read.

    Args:
        path: The archive.
        server: The connection parameters of the server for the temporary database; None for the site's own server.

    Raises:
        BackupError: The archive is not valid.
        VerificationUnavailableError: The archive could not be checked.
    """
    with Path(path).open("rb") as file:
        start = file.read(16)
    if start.startswith(b"SQLite format 3\0"):
        return sqlite_contents(path)
    if not start.startswith(b"PGDMP"):
        raise BackupError("The file is neither a pg_dump archive (custom format) nor an SQLite file.")
    libpq = server or libpq_parameters(connection.settings_dict)
    name = f"actorsite_verify_{secrets.token_hex(6)}"
    with open_session(libpq) as cursor:
        try:
            cursor.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
        except psycopg2.errors.InsufficientPrivilege:
            raise VerificationUnavailableError(
                "This account cannot create a temporary database. Use --server to name a server where it can."
            ) from None
        try:
            scratch = {**libpq, "dbname": name}
            _restore(path, scratch)
            with open_session(scratch) as inside:
                return database_contents(inside)
        finally:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _restore(path: Path, libpq: Libpq) -> None:
    """Restore an archive of pg_dump into the empty database that ``libpq`` names. Raises BackupError."""
    client, _ = client_major_version("pg_restore"), client_major_version("psql")
    with open_session(libpq) as cursor:
        cursor.execute("SHOW server_version_num")
        server = int(_single_value(cursor)) // 10_000
    with tempfile.TemporaryFile() as errors:
        reader = subprocess.Popen(
            # Owners and privileges may not exist on this server; only owners of extensions may set comments on them.
            ["pg_restore", "--no-owner", "--no-privileges", "--no-comments", "--file=-", str(path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
        writer = subprocess.Popen(
            ["psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"],
            env=environment(libpq),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
        assert reader.stdout and writer.stdin  # noqa: S101  both are pipes
        with suppress(BrokenPipeError), writer.stdin, reader.stdout:
            # The script of pg_restore 17 and newer sets transaction_timeout, which older servers refuse: drop it.
            if client >= 17 > server:
                for line in reader.stdout:
                    if line.startswith(b"SET transaction_timeout"):
                        break
                    writer.stdin.write(line)
            shutil.copyfileobj(reader.stdout, writer.stdin)
        if (reader.wait(), writer.wait()) != (0, 0):
            errors.seek(0)
            output = errors.read(4000).decode(errors="replace").strip()
            raise BackupError(f"The restore failed: {output or 'pg_restore or psql ended early.'}")


def manifest_differences(manifest: dict[str, Any], found: Contents) -> list[str]:
    """Return a line for each difference between a manifest and the contents of the restored database."""
    lines = []
    for table in sorted({*manifest["tables"], *found["tables"]}):
        before, after = manifest["tables"].get(table), found["tables"].get(table)
        if before is None or after is None:
            lines.append(f"{table}: {'not in the manifest' if before is None else 'missing'}")
        elif before["rows"] != after["rows"]:
            lines.append(f"{table}: {after['rows']} rows, but the manifest says {before['rows']}")
        elif before["checksum"] != after["checksum"]:
            lines.append(f"{table}: {after['rows']} rows, but their contents differ")
    # Sequences advance while a dump is written: larger values than in the manifest are valid.
    for sequence, value in manifest["sequences"].items():
        if found["sequences"].get(sequence, -1) < value:
            lines.append(f"{sequence}: lower than {value}, the value in the manifest")
    return lines
