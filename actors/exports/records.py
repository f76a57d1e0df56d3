"""Records of actors and films: every format has the same fields, with the same names, in the same order.

The names are stable (see docs/reference/api.md): fields may be added, but none is
renamed or removed.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from operator import attrgetter

from django.db import connections, models, transaction

from actors.db import copy as copying
from actors.exports.formula_guard import FORMULA_STARTS, guard_formula
from actors.fields import split_names

ACTOR_FIELDS = (
    "id",
    "first_name",
    "last_name",
    "native_name",
    "birth_year",
    "death_year",
    "country",
    "biography",
    "version",
    "last_update",
    "also_known_as",
)
FILM_FIELDS = ("id", "title", "original_title", "year")
CREDIT_FIELDS = ("character", "billing")
RECORD_BATCH_ROWS = 2_000


actor_values = attrgetter(*ACTOR_FIELDS)
_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def to_record(values: Iterable, fields: tuple[str, ...] = ACTOR_FIELDS) -> dict:
    """Return ``values``, which are in the order of ``fields``, as an object for JSON, with other names as a list."""
    row = dict(zip(fields, values, strict=True))
    if fields is ACTOR_FIELDS:
        row["last_update"] = _timestamp_text(row["last_update"])
        row["also_known_as"] = split_names(row["also_known_as"]) if row["also_known_as"] else []
    return row


def encode_json(value) -> str:
    """Return ``value`` as compact JSON. Letters outside ASCII are not escaped."""
    return _encoder.encode(value)


def ndjson_stream(rows: models.QuerySet, fields: tuple[str, ...] = ACTOR_FIELDS) -> Iterator[bytes]:
    """Return chunks of ``rows`` as lines of JSON, each an object with ``fields``."""
    if connections[rows.db].vendor == "postgresql":
        lines = copying.copy_json(rows, fields)
        return (_split_names(some) for some in lines) if fields is ACTOR_FIELDS else lines
    return (
        "".join(encode_json(to_record(row, fields)) + "\n" for row in some).encode()
        for some in _row_batches(rows, fields)
    )


def csv_stream(rows: models.QuerySet, fields: tuple[str, ...] = ACTOR_FIELDS, raw: bool = False) -> Iterator[bytes]:
    """Yield chunks of ``rows`` as CSV (RFC 4180, UTF-8), below a header line of ``fields``.

    Other names are separated by `` / ``. Text that a spreadsheet would run
    as a formula gets a ``'`` before it. With ``raw``, it is left unchanged, so
    that it can be imported again exactly.
    """
    if connections[rows.db].vendor == "postgresql":
        parts = copying.copy_csv(rows, fields, () if raw else FORMULA_STARTS)
    else:
        clean = (lambda value: value) if raw else guard_formula
        parts = (
            _csv_bytes(
                [_timestamp_text(cell) if isinstance(cell, datetime) else clean(cell) for cell in row] for row in some
            )
            for some in _row_batches(rows, fields)
        )
    # Send the header together with the first rows: a failed query then returns an error, not a file with only a header.
    yield _csv_bytes([fields]) + next(parts, b"")
    yield from parts


# PostgreSQL writes the last field of a line, the other names, as text; a record has a list.
_NO_NAMES, _NAMES_KEY = b',"also_known_as":""}\n', b',"also_known_as":'


def _split_names(lines):
    lines = lines.replace(_NO_NAMES, b',"also_known_as":[]}\n')
    if lines.count(b',"also_known_as":[]}\n') == lines.count(b"\n"):
        return lines
    return b"\n".join(map(_split_names_in_line, lines.split(b"\n")))


def _split_names_in_line(line):
    if not line or line.endswith(b',"also_known_as":[]}'):
        return line
    before, names, text = line.rpartition(_NAMES_KEY)
    return before + names + encode_json(split_names(json.loads(text[:-1]))).encode() + b"}"


def _row_batches(queryset, fields):
    # In one transaction, so that all rows show the same state of the data. A cursor reads the rows in batches, so
    # that memory use does not grow with the table.
    with transaction.atomic():
        rows = queryset.values_list(*fields).iterator(RECORD_BATCH_ROWS)
        while some := list(islice(rows, RECORD_BATCH_ROWS)):
            yield some


def _csv_bytes(rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def _timestamp_text(moment):
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
