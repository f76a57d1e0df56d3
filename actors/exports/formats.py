"""Export formats for actors and films: CSV, TSV, XLSX, JSON, NDJSON. Exports of actors can be imported unchanged."""

import codecs
import csv
import io
import json
import tempfile
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeAlias

from django.db import models, transaction

from actors.exports import records
from actors.exports.formula_guard import guard_formula
from actors.exports.xlsx_text import MAX_CELL_LENGTH, escape_for_xlsx
from actors.fields import SEPARATOR

EXPORT_BATCH_ROWS = 2_000
FILE_CHUNK_BYTES = 1 << 16

Fields: TypeAlias = tuple[str, ...]


class Format(NamedTuple):
    """A file format; ``parts(rows, fields)`` yields the bytes of a file."""

    label: str
    content_type: str
    parts: Callable[[models.QuerySet[Any], Fields], Iterator[bytes]]


def _records(rows: models.QuerySet[Any], fields: Fields) -> Iterator[dict[str, Any]]:
    # In one transaction, so that all rows show the same state of the data.
    with transaction.atomic():
        for values in rows.values_list(*fields).iterator(EXPORT_BATCH_ROWS):
            yield records.to_record(values, fields)


def _record_cells(record: dict[str, Any]) -> Iterator[Any]:
    for value in record.values():
        yield SEPARATOR.join(value) if isinstance(value, list) else value


def _for_spreadsheets(rows: models.QuerySet[Any], fields: Fields) -> Iterator[bytes]:
    # Without a byte order mark, spreadsheets assume another encoding.
    yield codecs.BOM_UTF8
    yield from records.csv_stream(rows, fields)


def _tab_separated(rows: models.QuerySet[Any], fields: Fields) -> Iterator[bytes]:
    yield codecs.BOM_UTF8
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t", lineterminator="\r\n")
    writer.writerow(fields)
    for record in _records(rows, fields):
        writer.writerow(map(guard_formula, _record_cells(record)))
        if text.tell() > FILE_CHUNK_BYTES:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def _json_array(rows: models.QuerySet[Any], fields: Fields) -> Iterator[bytes]:
    between = b"[\n"
    for record in _records(rows, fields):
        yield between + json.dumps(record, ensure_ascii=False).encode()
        between = b",\n"
    yield b"\n]\n" if between == b",\n" else b"[]\n"


def _workbook(rows: models.QuerySet[Any], fields: Fields) -> Iterator[bytes]:
    # Imported on use: openpyxl takes a seventh of the start-up time, and few processes need it.
    from openpyxl import Workbook
    from openpyxl.cell import Cell, WriteOnlyCell

    def text_cell(text: str) -> Cell:
        cell = WriteOnlyCell(sheet, _text_for_xlsx(text))
        # Set the type explicitly, so that text that looks like a formula remains text.
        cell.data_type = "s"
        return cell

    book = Workbook(write_only=True)
    sheet = book.create_sheet(f"{rows.model._meta.model_name}s")
    sheet.append(fields)
    for record in _records(rows, fields):
        sheet.append([text_cell(cell) if isinstance(cell, str) else cell for cell in _record_cells(record)])
    with tempfile.TemporaryFile() as file:
        book.save(file)
        file.seek(0)
        yield from iter(lambda: file.read(FILE_CHUNK_BYTES), b"")


def _text_for_xlsx(text: str) -> str:
    """Return ``text`` escaped for a cell of a workbook. Raises ValueError if it is too long."""
    text = escape_for_xlsx(text)
    if len(text) > MAX_CELL_LENGTH:
        raise ValueError("A cell of a workbook has no room for this text.")
    return text


FORMATS = {
    "csv": Format("CSV", "text/csv; charset=utf-8", _for_spreadsheets),
    "tsv": Format("TSV", "text/tab-separated-values; charset=utf-8", _tab_separated),
    "xlsx": Format("XLSX", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _workbook),
    "json": Format("JSON", "application/json", _json_array),
    "ndjson": Format("NDJSON", "application/x-ndjson", records.ndjson_stream),
}
