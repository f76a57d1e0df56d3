"""Delimited text: CSV and TSV with any common delimiter."""

import csv
import io
import re
from typing import IO

from django.utils.translation import gettext as _

from actors.imports.columns import field_for_heading
from actors.imports.errors import UnreadableFileError
from actors.imports.parsers.encoding import detect_encoding
from actors.imports.parsers.source import NumberedRows, Source

DELIMITERS = ",;\t|"
# The line above the headings in which Excel declares the delimiter, such as "sep=;".
_SEP_LINE = re.compile(r'"?sep=([^"\s]|\t)"?\s*', re.IGNORECASE)
# Without a limit, a quotation mark that is never closed would make the rest of the file one cell.
csv.field_size_limit(4 << 20)


class DelimitedText(Source):
    """CSV with comma, semicolon, tab or vertical bar as delimiter, and any line ends."""

    literal = False

    def __init__(self, file: IO[bytes], encoding: str | None) -> None:
        self.encoding, total = detect_encoding(file, encoding)
        file.seek(0)
        text = io.TextIOWrapper(file, encoding=self.encoding, newline="")
        first = text.readline()
        if sep_line := _SEP_LINE.fullmatch(first):
            self.above, self.delimiter = 1, sep_line[1]
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
            raise UnreadableFileError(_("The file is empty."))
        if isinstance(header, str):
            raise UnreadableFileError(header)
        super().__init__("TSV" if self.delimiter == "\t" else "CSV", header, rows, total)

    def read(self) -> NumberedRows:
        """Yield (line number, cells) for each row, or (line number, message) for a line that is not valid CSV."""
        reader, line = self.reader, self.above + 1
        cells: list[str] | str
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                cells = _("This is not valid CSV: %(error)s.") % {"error": error}
            yield line, cells
            line = self.above + reader.line_num + 1


def _count_known_headings(first: str, delimiter: str) -> tuple[int, int]:
    """Return the number of known headings, and of all headings, if ``first`` is split at ``delimiter``."""
    try:
        cells = next(csv.reader([first], delimiter=delimiter), [])
    except csv.Error:
        return 0, 0
    return sum(1 for cell in cells if field_for_heading(cell)), len(cells)
