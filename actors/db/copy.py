"""Rows out of PostgreSQL as text by COPY, which hands them on ten times as fast as they can be made objects of.

psycopg2 writes what COPY sends into a file as it comes; a thread takes it, and
waits when whoever reads it is slower. https://www.postgresql.org/docs/current/sql-copy.html
"""

import contextlib
import os
import re
import socket
from collections.abc import Iterator
from queue import Empty, Queue
from threading import Thread

from django.core.exceptions import EmptyResultSet
from django.db import connection, models, transaction
from psycopg2 import InterfaceError

COPY_CHUNK_BYTES = 65_536
# Chunks that are made before anyone wants them.
MAX_QUEUED_CHUNKS = 4
# A whole table takes as long as its reader does; silence is ended by the request's deadline.
COPY_TIMEOUT = "1h"
# For a table that others hold: nothing is being looked for then, and who asks hears of it as for a page.
COPY_LOCK_TIMEOUT = "2s"
# More rows are read in the order of an index, one by one. To read and sort all of them first is less work, but
# keeps the reader waiting, of a million for longer than the deadline.
MAX_SORTED_ROWS = 100_000
_ROWS = re.compile(r" rows=(\d+)")
# From PostgreSQL 14 on the server sees that nobody is there any more, also while it finds no rows.
CONNECTION_CHECK_VERSION = 140_000
# https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format": before all rows, and before the one
# text of a row (the number of columns, and its length); after all rows comes a row of -1 columns.
_SIGNATURE, _HEADER, _BEFORE_TEXT, _TRAILER = b"PGCOPY\n\xff\r\n\0", 19, 6, b"\xff\xff"


def copy_csv(rows: models.QuerySet, fields: tuple[str, ...], formulas: tuple[str, ...]) -> Iterator[bytes]:
    """Yield ``rows`` as lines of CSV that end in CR LF; a text that begins with one of ``formulas`` after a ``'``."""
    columns = ", ".join(_csv_column_sql(rows.model, name, formulas) for name in fields)
    return _copy(rows, fields, columns, "csv", _CSVFile)


def copy_json(rows: models.QuerySet, fields: tuple[str, ...]) -> Iterator[bytes]:
    """Yield ``rows`` as JSON objects, compact, a line each."""
    columns = ", ".join(
        f"{_timestamp_sql(name)} AS {name}" if _is_timestamp(rows.model, name) else f"{name}" for name in fields
    )
    return _copy(rows, fields, columns, "binary", _JSONFile)


def _copy(rows, fields, columns, form, taker):
    names = ", ".join(fields)
    try:
        sql, parameters = rows.values_list(*fields).query.get_compiler(rows.db).as_sql()
    except EmptyResultSet:
        return
    chosen = f"SELECT {columns} FROM ({sql}) AS chosen ({names})"  # noqa: S608  the columns are ours, the values parameters
    if form == "binary":
        chosen = f"SELECT row_to_json(line) FROM ({chosen}) AS line"  # noqa: S608  the columns are ours, the values parameters
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"SET LOCAL statement_timeout = '{COPY_TIMEOUT}'; SET LOCAL lock_timeout = '{COPY_LOCK_TIMEOUT}'"
        )
        cursor.execute(f"EXPLAIN {sql}", parameters)
        if int(_ROWS.search(cursor.fetchone()[0])[1]) > MAX_SORTED_ROWS:
            cursor.execute("SET LOCAL enable_sort = off")
        if connection.pg_version >= CONNECTION_CHECK_VERSION:
            cursor.execute("SET LOCAL client_connection_check_interval = '1s'")
        statement = cursor.cursor.mogrify(f"COPY ({chosen}) TO STDOUT (FORMAT {form})", parameters).decode()
        yield from _stream_copy(cursor.cursor, statement, taker())


def _stream_copy(cursor, statement, taker):
    def copy():
        end = None
        try:
            cursor.copy_expert(statement, taker)
            taker.flush()
        except Exception as error:
            end = error
        taker.queue.put(end)

    worker = Thread(target=copy, name="copy", daemon=True)
    worker.start()
    end = taker
    try:
        while isinstance(part := taker.queue.get(), bytes):
            yield part
        end = part
        if end is not None:
            with connection.wrap_database_errors:
                raise end
    finally:
        if end is taker:
            # Whoever reads is gone, and so is the connection: the server ends a COPY that nobody takes.
            _shut_socket(cursor.connection)
        while worker.is_alive():
            with contextlib.suppress(Empty):
                taker.queue.get_nowait()
            worker.join(0.01)


def _shut_socket(connection):
    # A copy of the descriptor: the connection's own stays libpq's to close. It may have been closed by now.
    with contextlib.suppress(OSError, InterfaceError), socket.socket(fileno=os.dup(connection.fileno())) as copy:
        copy.shutdown(socket.SHUT_RDWR)


class _CopyFile:
    """The file that COPY is written to, a row at a time."""

    end = b"\n"

    def __init__(self):
        self.queue, self.lines, self.size = Queue(MAX_QUEUED_CHUNKS), [], 0

    def take(self, line, size):
        self.lines.append(line)
        self.size += size
        if self.size >= COPY_CHUNK_BYTES:
            self.flush()

    def flush(self):
        if self.lines:
            self.queue.put(self.end.join(self.lines) + self.end)
            self.lines, self.size = [], 0


class _CSVFile(_CopyFile):
    end = b"\r\n"

    def write(self, row):
        self.take(row[:-1], len(row))


class _JSONFile(_CopyFile):
    def write(self, row):
        if row.startswith(_SIGNATURE):
            row = row[_HEADER:]
        if row and row != _TRAILER:
            self.take(row[_BEFORE_TEXT:], len(row))


def _is_timestamp(model, name):
    return isinstance(model._meta.get_field(name), models.DateTimeField)


def _timestamp_sql(name):
    return f"""to_char({name}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""


def _csv_column_sql(model, name, formulas):
    if _is_timestamp(model, name):
        return _timestamp_sql(name)
    if not isinstance(model._meta.get_field(name), models.CharField | models.TextField):
        return name
    if formulas:
        starts = ", ".join(f"chr({ord(formula)})" for formula in formulas)
        # All of them are before the letters: most texts need no more than one look.
        name = (
            f"""CASE WHEN {name} COLLATE "C" >= 'A' THEN {name} """
            f"WHEN left({name}, 1) IN ({starts}) THEN '''' || {name} ELSE {name} END"
        )
    # COPY puts quotation marks around an empty text, to tell it from NULL; both are an empty cell here.
    return f"nullif({name}, '')"
