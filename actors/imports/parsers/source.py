"""The result of every parser: a header, and batches of rows of text."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeAlias

from django.utils.translation import gettext as _

from actors.fields import LineField
from actors.imports.columns import normalize_heading
from actors.imports.errors import RowError, UnreadableFileError, printable

IMPORT_BATCH_ROWS = 5_000

# (line number, cells) for each row, or (line number, error message) for a line that is not a row.
NumberedRows: TypeAlias = Iterator[tuple[int, list[str] | str]]


class Source:
    """A header and rows of text, read in batches, so that the file is never loaded as a whole.

    Attributes:
        header: The headings, in order.
        total: The number of rows; None if unknown.
        encoding: The name of the text encoding; "" if the format has none.
        literal: Whether text is imported unchanged. In CSV, text that a spreadsheet would run as a formula may have a
            ``'`` before it.

    Args:
        kind: The name of the format, such as "CSV".
        header: The headings as in the file.
        rows: Yields (line number, cells), or (line number, message) for a line that is not a row.
        total: The number of rows, if known.

    Raises:
        UnreadableFileError: A heading cannot be shown.
    """

    literal = True
    encoding = ""

    def __init__(self, kind: str, header: list[str], rows: NumberedRows, total: int | None = None) -> None:
        self.kind, self.rows, self.total = kind, rows, total
        self.header = list(map(normalize_heading, header))
        while self.header and not self.header[-1]:
            self.header.pop()
        for number, heading in enumerate(self.header, 1):
            if found := LineField.forbidden.search(heading):
                # Such characters can be neither shown on a page nor stored.
                raise UnreadableFileError(
                    _(
                        "The heading of column %(number)d, “%(column)s”, contains the invisible character U+%(code)s, "
                        "which is not allowed."
                    )
                    % {"number": number, "column": printable(heading), "code": f"{ord(found[0]):04X}"}
                )

    def batches(self) -> Iterator[tuple[list[int], list[list[str]], list[RowError]]]:
        """Yield (line numbers, rows, errors) of up to IMPORT_BATCH_ROWS lines. Each row has a cell per heading."""
        lines: list[int] = []
        rows: list[list[str]] = []
        errors: list[RowError] = []
        width = len(self.header)
        for line, cells in self.rows:
            if isinstance(cells, str):
                errors.append(RowError(line, "", "", cells))
            elif len(cells) == width:
                if any(cells):
                    lines.append(line)
                    rows.append(cells)
            elif any(cells[width:]) or (len(cells) < width and any(cells) and self.kind != "XLSX"):
                errors.append(RowError(line, "", "", _wrong_cell_count(len(cells), width)))
            elif any(cells):
                lines.append(line)
                # A sheet leaves out the empty cells at the end of a row.
                rows.append((cells + [""] * width)[:width])
            if len(lines) + len(errors) == IMPORT_BATCH_ROWS:
                yield lines, rows, errors
                lines, rows, errors = [], [], []
        if lines or errors:
            yield lines, rows, errors


def _wrong_cell_count(count: int, width: int) -> str:
    return _("The row has %(count)d cells; the header has %(width)d.") % {"count": count, "width": width}


class DatabaseTable(Source):
    """Rows of a database table, from a ``cursor`` that has executed the query."""

    def __init__(self, header: list[str], cursor: Iterable[Sequence[Any]], total: int) -> None:
        def rows() -> NumberedRows:
            for number, values in enumerate(cursor, 1):
                yield number, ["" if value is None else str(value).strip() for value in values]

        super().__init__("table", header, rows(), total)
