"""Errors in imported files."""

import csv
from collections.abc import Iterable
from typing import NamedTuple, TextIO

from actors.exports.formula_guard import guard_formula

MAX_SHOWN_LENGTH = 100


class UnreadableFileError(Exception):
    """The file cannot be imported; the message is shown to users."""


class RowError(NamedTuple):
    """An error in a cell, or in a whole row if ``column`` is ""."""

    line: int | None
    column: str
    value: str
    message: str


def printable(text: str) -> str:
    """Return ``text``, truncated and with U+FFFD for each unprintable character, so that it can be shown and stored."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text[:MAX_SHOWN_LENGTH])


def write_errors(errors: Iterable[RowError], file: TextIO) -> None:
    """Write ``errors`` to the text file ``file`` as CSV that is safe to open in a spreadsheet."""
    writer = csv.writer(file)
    writer.writerow(RowError._fields)
    # An invalid value may be a formula, and messages quote it.
    writer.writerows(map(guard_formula, error) for error in errors)
