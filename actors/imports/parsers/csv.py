"""Rows of text out of CSV, TSV, XLSX, JSON and NDJSON. The content tells which it is, not the name.

A source has a ``header``, the headings in their order, and ``batches()``,
which yields (line numbers, rows, mistakes) of some thousand rows each, so that
no file is held in memory; every row has a text for each heading. ``literal``
says that a text is what it is; in CSV, what a spreadsheet would run as a
formula may have a ``'`` before it.
"""

import csv
import io
import re
from collections.abc import Iterator

from django.utils.translation import gettext as _

from actors.fields import LineField
from actors.imports.columns import field_for_heading, normalize_heading
from actors.imports.errors import RowError, UnreadableFile, printable
from actors.imports.parsers.encoding import detect_encoding
from actors.imports.parsers.json import read_json
from actors.imports.parsers.xlsx import read_workbook

IMPORT_BATCH_ROWS = 5_000
DELIMITERS = ",;\t|"
# What Excel writes, and reads, above the headings.
_SEP_LINE = re.compile(r'"?sep=([^"\s]|\t)"?\s*', re.IGNORECASE)
# A quotation mark that is never closed would take the rest of the file for one cell.
csv.field_size_limit(4 << 20)


class Source:
    """See the module. ``rows`` yields (line, cells), or (line, a message) of what is no row.

    Raises UnreadableFile where a heading cannot be shown.
    """

    literal = True
    encoding = ""

    def __init__(self, kind: str, header: list[str], rows: Iterator, total: int | None = None):
        self.kind, self.rows, self.total = kind, rows, total
        self.header = list(map(normalize_heading, header))
        while self.header and not self.header[-1]:
            self.header.pop()
        for number, heading in enumerate(self.header, 1):
            if found := LineField.forbidden.search(heading):
                # No page and no database could hold it.
                raise UnreadableFile(
                    _(
                        "The heading of column %(number)d, “%(column)s”, holds the character U+%(code)s, "
                        "which cannot be seen and is not allowed."
                    )
                    % {"number": number, "column": printable(heading), "code": f"{ord(found[0]):04X}"}
                )

    def batches(self):
        lines, rows, mistakes, width = [], [], [], len(self.header)
        for line, cells in self.rows:
            if isinstance(cells, str):
                mistakes.append(RowError(line, "", "", cells))
            elif len(cells) == width:
                if any(cells):
                    lines.append(line)
                    rows.append(cells)
            elif any(cells[width:]) or (len(cells) < width and any(cells) and self.kind != "XLSX"):
                mistakes.append(RowError(line, "", "", _wrong_cell_count(len(cells), width)))
            elif any(cells):
                lines.append(line)
                # A sheet leaves out the empty cells at the end of a row.
                rows.append((cells + [""] * width)[:width])
            if len(lines) + len(mistakes) == IMPORT_BATCH_ROWS:
                yield lines, rows, mistakes
                lines, rows, mistakes = [], [], []
        if lines or mistakes:
            yield lines, rows, mistakes


def _wrong_cell_count(count, width):
    return _("The row has %(count)d cells; the header has %(width)d.") % {"count": count, "width": width}


class DelimitedText(Source):
    """CSV in its widest sense: comma, semicolon, tab or bar; any ends of lines."""

    literal = False

    def __init__(self, file, encoding):
        self.encoding, total = detect_encoding(file, encoding)
        file.seek(0)
        text = io.TextIOWrapper(file, encoding=self.encoding, newline="")
        first = text.readline()
        if said := _SEP_LINE.fullmatch(first):
            self.above, self.delimiter = 1, said[1]
            total -= 1
        else:
            text.seek(0)
            self.above, self.delimiter = (
                0,
                max(DELIMITERS, key=lambda character: _count_known_headings(first, character)),
            )
        self.reader = csv.reader(text, delimiter=self.delimiter, strict=True)
        rows = self.read()
        _line, header = next(((line, cells) for line, cells in rows if isinstance(cells, str) or any(cells)), (0, None))
        if header is None:
            raise UnreadableFile(_("The file is empty."))
        if isinstance(header, str):
            raise UnreadableFile(header)
        super().__init__("TSV" if self.delimiter == "\t" else "CSV", header, rows, total)

    def read(self):
        reader, line = self.reader, self.above + 1
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                cells = _("This is no CSV: %(error)s.") % {"error": error}
            yield line, cells
            line = self.above + reader.line_num + 1


def _count_known_headings(first, delimiter):
    """How much sense a first line makes with that delimiter: headings that are known, then headings at all."""
    try:
        cells = next(csv.reader([first], delimiter=delimiter), [])
    except csv.Error:
        return 0, 0
    return sum(1 for cell in cells if field_for_heading(cell)), len(cells)


def open_source(file, encoding: str | None = None) -> Source:
    """Return the rows of ``file``, a binary file that can be sought.

    ``encoding`` names that of a text, where it shall not be guessed. Raises
    UnreadableFile, with a message for people.
    """
    file.seek(0)
    start = file.read(4096)
    file.seek(0)
    if not start:
        raise UnreadableFile(_("The file is empty."))
    if start.startswith(b"PK\x03\x04"):
        header, rows, total = read_workbook(file)
        return Source("XLSX", header, rows, total)
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnreadableFile(_("This is a workbook of an old kind (.xls). Save it as .xlsx."))
    if re.match(rb"(\xef\xbb\xbf)?\s*[\[{]", start):
        kind, header, rows = read_json(file)
        return Source(kind, header, rows)
    return DelimitedText(file, encoding)


class DatabaseTable(Source):
    """Rows of a database: ``cursor`` has been asked for them."""

    def __init__(self, header, cursor, total):
        def rows():
            for number, values in enumerate(cursor, 1):
                yield number, ["" if value is None else str(value).strip() for value in values]

        super().__init__("table", header, rows(), total)
