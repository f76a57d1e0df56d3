"""Delimited text: CSV and TSV, in their widest sense."""

import csv
import io
import re

from django.utils.translation import gettext as _

from actors.imports.columns import field_for_heading
from actors.imports.errors import UnreadableFile
from actors.imports.parsers.encoding import detect_encoding
from actors.imports.parsers.source import Source

DELIMITERS = ",;\t|"
# What Excel writes, and reads, above the headings.
_SEP_LINE = re.compile(r'"?sep=([^"\s]|\t)"?\s*', re.IGNORECASE)
# A quotation mark that is never closed would take the rest of the file for one cell.
csv.field_size_limit(4 << 20)


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
