"""Rows from the first sheet of a workbook (XLSX)."""

import zipfile
from datetime import datetime
from typing import IO, Any

from django.utils.translation import gettext as _

from actors.exports.xlsx_text import unescape_from_xlsx
from actors.imports.errors import UnreadableFileError
from actors.imports.parsers.source import NumberedRows

# A small archive may unpack to many gigabytes: https://en.wikipedia.org/wiki/Zip_bomb
MAX_UNPACKED_BYTES = 2 << 30
# All shared strings of a workbook are in memory at once.
MAX_SHARED_STRINGS_BYTES = 200 << 20
MAX_SHEET_ROWS, MAX_SHEET_COLUMNS = 1 << 20, 1_000


def read_workbook(file: IO[bytes]) -> tuple[list[str], NumberedRows, int | None]:
    """Return (header, rows, number of rows or None). Raises UnreadableFileError if ``file`` is not a workbook."""
    # Imported on use: openpyxl takes a seventh of the start-up time, and few processes need it.
    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(file) as archive:
            sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
        if sum(sizes.values()) > MAX_UNPACKED_BYTES or sizes.get("xl/sharedStrings.xml", 0) > MAX_SHARED_STRINGS_BYTES:
            raise UnreadableFileError(_("The workbook is too large to read. Save it as CSV."))
        file.seek(0)
        # Load formulas instead of their last results: formulas are refused.
        sheet = load_workbook(file, read_only=True).worksheets[0]
        total = sheet.max_row and sheet.max_row - 1
        # The size that a sheet states may be wrong.
        sheet.reset_dimensions()
        rows = _sheet_rows(sheet)
        header = next((cells for _line, cells in rows if any(cells)), None)
    except UnreadableFileError:
        raise
    except Exception as error:  # openpyxl raises any exception that a broken part causes
        raise UnreadableFileError(_("This workbook cannot be read.")) from error
    if header is None:
        raise UnreadableFileError(_("The file is empty."))
    if isinstance(header, str):
        raise UnreadableFileError(header)
    return [str(cell) for cell in header], rows, total


def _sheet_rows(sheet: Any) -> NumberedRows:
    line = 0
    rows = sheet.iter_rows()
    while True:
        try:
            row = next(rows, None)
        except Exception as error:  # openpyxl raises any exception that a broken part causes
            raise UnreadableFileError(_("This workbook cannot be read.")) from error
        if row is None:
            return
        line += 1
        if line > MAX_SHEET_ROWS or len(row) > MAX_SHEET_COLUMNS:
            raise UnreadableFileError(_("The sheet is too large to read. Save it as CSV."))
        made = next((cell.coordinate for cell in row if cell.value is not None and cell.data_type in "fe"), None)
        if made:
            yield line, _("%(cell)s is a formula or an error. Replace it with its value.") % {"cell": made}
        else:
            yield line, [_cell_text(cell.value) for cell in row]


def _cell_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return unescape_from_xlsx(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.isoformat() if isinstance(value, datetime) else str(value)
