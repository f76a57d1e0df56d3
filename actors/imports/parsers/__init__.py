"""Parsers: rows of text from CSV, TSV, XLSX, JSON and NDJSON files. The format is detected from the content."""

import re
from typing import IO

from django.utils.translation import gettext as _

from actors.imports.errors import UnreadableFileError
from actors.imports.parsers.csv import DelimitedText
from actors.imports.parsers.json import read_json
from actors.imports.parsers.source import Source
from actors.imports.parsers.xlsx import read_workbook


def open_source(file: IO[bytes], encoding: str | None = None) -> Source:
    """Return the rows of ``file``, which must be seekable.

    Args:
        file: The file.
        encoding: The encoding of a text file; None to detect it.

    Raises:
        UnreadableFileError: The file is empty or broken, or its format is not supported.
    """
    file.seek(0)
    start = file.read(4096)
    file.seek(0)
    if not start:
        raise UnreadableFileError(_("The file is empty."))
    if start.startswith(b"PK\x03\x04"):
        header, rows, total = read_workbook(file)
        return Source("XLSX", header, rows, total)
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnreadableFileError(_("This is a workbook in the old format .xls. Save it as .xlsx."))
    if re.match(rb"(\xef\xbb\xbf)?\s*[\[{]", start):
        return read_json(file, encoding)
    return DelimitedText(file, encoding)
