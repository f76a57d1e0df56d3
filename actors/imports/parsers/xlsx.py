"""Rows out of the first sheet of a workbook (XLSX)."""

import re
import zipfile
from datetime import datetime

from django.utils.translation import gettext as _
from openpyxl import load_workbook

from actors.imports.errors import Unreadable

# An archive may say little and unpack to much: https://en.wikipedia.org/wiki/Zip_bomb
LARGEST = 2 << 30
# All texts that a workbook shares are in memory at once.
LARGEST_SHARED = 200 << 20
_escaped = re.compile("_x([0-9A-Fa-f]{4})_")
_to_escape = re.compile("_(?=x[0-9A-Fa-f]{4}_)|[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
MOST_ROWS, MOST_COLUMNS = 1 << 20, 1_000


def read_workbook(file):
    """Return (header, rows, number of rows or None). Raises Unreadable where ``file`` is no workbook."""
    try:
        with zipfile.ZipFile(file) as archive:
            sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
        if sum(sizes.values()) > LARGEST or sizes.get("xl/sharedStrings.xml", 0) > LARGEST_SHARED:
            raise Unreadable(_("The workbook unpacks to more than can be read. Save it as CSV."))
        file.seek(0)
        # With formulas, not what a spreadsheet last made of them: they are no data, and are refused.
        sheet = load_workbook(file, read_only=True).worksheets[0]
        total = sheet.max_row and sheet.max_row - 1
        # What a sheet says of its own size need not be so.
        sheet.reset_dimensions()
        rows = _rows(sheet)
        header = next((cells for _line, cells in rows if any(cells)), None)
    except Unreadable:
        raise
    except Exception as error:  # openpyxl raises whatever a broken part leads to
        raise Unreadable(_("This workbook cannot be read.")) from error
    if header is None:
        raise Unreadable(_("The file is empty."))
    if isinstance(header, str):
        raise Unreadable(header)
    return [str(cell) for cell in header], rows, total


def _rows(sheet):
    line = 0
    rows = sheet.iter_rows()
    while True:
        try:
            row = next(rows, None)
        except Exception as error:
            raise Unreadable(_("This workbook cannot be read.")) from error
        if row is None:
            return
        line += 1
        if line > MOST_ROWS or len(row) > MOST_COLUMNS:
            raise Unreadable(_("The sheet is larger than can be read. Save it as CSV."))
        made = next((cell.coordinate for cell in row if cell.value is not None and cell.data_type in "fe"), None)
        if made:
            yield line, _("%(cell)s is a formula or an error. Keep the value alone.") % {"cell": made}
        else:
            yield line, [_text(cell.value) for cell in row]


def escape(text: str) -> str:
    """Return ``text`` as a workbook has it: what XML cannot hold by its number (ECMA-376, ST_Xstring)."""
    return _to_escape.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


def _text(value):
    if value is None:
        return ""
    if isinstance(value, str):
        return _escaped.sub(lambda found: chr(int(found[1], 16)), value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.isoformat() if isinstance(value, datetime) else str(value)
