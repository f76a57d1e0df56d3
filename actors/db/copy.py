"""Export of rows as CSV or JSON by PostgreSQL's COPY, ten times as fast as through model instances.

psycopg2 writes COPY's output to a file object as it arrives. It does so in a thread,
which fills a bounded queue, and waits while the queue is full.
https://www.postgresql.org/docs/current/sql-copy.html
"""

import contextlib
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from queue import Empty, Queue
from threading import Thread
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection, models, transaction
from django.db.backends.utils import CursorWrapper

from actorsite.db.sockets import shut_down_socket

COPY_CHUNK_BYTES = 65_536
# Maximum number of chunks in the queue.
MAX_QUEUED_CHUNKS = 4
# statement_timeout: a whole table takes as long as its reader. Without data, the wait ends at the request's deadline.
COPY_TIMEOUT = "1h"
# lock_timeout: fail fast with 503 if the table is locked, as a page does.
COPY_LOCK_TIMEOUT = "2s"
# Larger results are read in the order of an index, without sorting. Sorting is less work, but the first of a million
# rows would come after the deadline.
MAX_SORTED_ROWS = 100_000
_ROWS = re.compile(r" rows=(\d+)")
# From PostgreSQL 14 on, the server notices a closed connection even while it finds no rows.
CONNECTION_CHECK_VERSION = 140_000
# https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format": the signature that begins the file header; the
# length of the header; the length of what precedes the only value of a row (the number of columns, the value's length);
# and the file trailer, which is -1 as a number of columns.
_SIGNATURE, _HEADER, _BEFORE_TEXT, _TRAILER = b"PGCOPY\n\xff\r\n\0", 19, 6, b"\xff\xff"


def copy_csv(rows: models.QuerySet[Any], fields: tuple[str, ...], formulas: tuple[str, ...]) -> Iterator[bytes]:
    """Yield chunks of CSV lines that end in CR LF. Text that begins with one of ``formulas`` gets a ``'`` before it."""
    columns = ", ".join(_csv_column_sql(rows.model, name, formulas) for name in fields)
    return _copy(rows, fields, columns, "csv", _CSVFile)


def copy_json(rows: models.QuerySet[Any], fields: tuple[str, ...]) -> Iterator[bytes]:
    """Yield chunks of lines, each of which is a row as a compact JSON object."""
    columns = ", ".join(
        f"{_timestamp_sql(name)} AS {name}" if _is_timestamp(rows.model, name) else f"{name}" for name in fields
    )
    return _copy(rows, fields, columns, "binary", _JSONFile)


def _copy(
    rows: models.QuerySet[Any], fields: Sequence[str], columns: str, form: str, file_type: "type[_CopyFile]"
) -> Iterator[bytes]:
    names = ", ".join(fields)
    try:
        # Undocumented API: there is no other way to get a QuerySet's SQL and its parameters separately.
        sql, parameters = rows.values_list(*fields).query.get_compiler(rows.db).as_sql()
    except EmptyResultSet:
        return
    chosen = f"SELECT {columns} FROM ({sql}) AS chosen ({names})"  # noqa: S608  column names and a QuerySet's SQL; mogrify gets its parameters
    if form == "binary":
        chosen = f"SELECT row_to_json(line) FROM ({chosen}) AS line"  # noqa: S608  the statement above
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"SET LOCAL statement_timeout = '{COPY_TIMEOUT}'; SET LOCAL lock_timeout = '{COPY_LOCK_TIMEOUT}'"
        )
        cursor.execute(f"EXPLAIN {sql}", parameters)
        if int(_ROWS.findall(cursor.fetchone()[0])[0]) > MAX_SORTED_ROWS:
            cursor.execute("SET LOCAL enable_sort = off")
        if cursor.connection.server_version >= CONNECTION_CHECK_VERSION:
            cursor.execute("SET LOCAL client_connection_check_interval = '1s'")
        # Django's cursor gives access to psycopg2's extensions of the DB-API: mogrify and copy_expert.
        statement = cursor.mogrify(f"COPY ({chosen}) TO STDOUT (FORMAT {form})", parameters).decode()
        yield from _stream_copy(cursor, statement, file_type())


def _stream_copy(cursor: CursorWrapper, statement: str, file: "_CopyFile") -> Iterator[bytes]:
    def copy() -> None:
        failure = None
        try:
            cursor.copy_expert(statement, file)
            file.flush()
        except Exception as error:
            failure = error
        file.queue.put(failure)

    worker = Thread(target=copy, name="copy", daemon=True)
    worker.start()
    ended = False
    try:
        while isinstance(part := file.queue.get(), bytes):
            yield part
        ended = True
        if part is not None:
            # Undocumented API: turns psycopg2's errors into Django's, as for any other statement.
            with connection.wrap_database_errors:
                raise part
    finally:
        if not ended:
            # The reader has stopped early. The thread must end without reading what the server has sent: only if
            # unread data is in the socket's buffer does closing it reset the TCP connection (RFC 1122, 4.2.2.13). A
            # server that waits for room in that buffer would not notice anything else for minutes.
            file.stopped = True
            shut_down_socket(cursor.connection)
        while worker.is_alive():
            with contextlib.suppress(Empty):
                file.queue.get_nowait()
            worker.join(0.01)
        if not ended:
            # Close it here, because the rollback would read that data first.
            connection.close()


class _CopyFile(ABC):
    """File object that COPY writes to, one row at a time."""

    end = b"\n"

    def __init__(self) -> None:
        # The chunks, and then None or the exception that ended the COPY.
        self.queue: Queue[bytes | Exception | None] = Queue(MAX_QUEUED_CHUNKS)
        self.lines: list[bytes] = []
        self.size = 0
        # Set to end the COPY at its next row.
        self.stopped = False

    @abstractmethod
    def write(self, row: bytes) -> None:
        """Process the bytes of a ``row``, as COPY sends them."""

    def take(self, line: bytes, size: int) -> None:
        if self.stopped:
            raise BrokenPipeError
        self.lines.append(line)
        self.size += size
        if self.size >= COPY_CHUNK_BYTES:
            self.flush()

    def flush(self) -> None:
        if self.lines:
            self.queue.put(self.end.join(self.lines) + self.end)
            self.lines, self.size = [], 0


class _CSVFile(_CopyFile):
    end = b"\r\n"

    def write(self, row: bytes) -> None:
        self.take(row[:-1], len(row))


class _JSONFile(_CopyFile):
    def write(self, row: bytes) -> None:
        if row.startswith(_SIGNATURE):
            row = row[_HEADER:]
        if row and row != _TRAILER:
            self.take(row[_BEFORE_TEXT:], len(row))


def _is_timestamp(model: type[models.Model], name: str) -> bool:
    return isinstance(model._meta.get_field(name), models.DateTimeField)


def _timestamp_sql(name: str) -> str:
    return f"""to_char({name}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""


def _csv_column_sql(model: type[models.Model], name: str, formulas: Sequence[str]) -> str:
    if _is_timestamp(model, name):
        return _timestamp_sql(name)
    if not isinstance(model._meta.get_field(name), models.CharField | models.TextField):
        return name
    if formulas:
        starts = ", ".join(f"chr({ord(formula)})" for formula in formulas)
        # Formula characters sort before the letters, so most values need one comparison.
        name = (
            f"""CASE WHEN {name} COLLATE "C" >= 'A' THEN {name} """
            f"WHEN left({name}, 1) IN ({starts}) THEN '''' || {name} ELSE {name} END"
        )
    # COPY writes "" for an empty string, to distinguish it from NULL. Here, both are an empty cell.
    return f"nullif({name}, '')"
