"""Errors in files."""

import csv
from collections.abc import Iterable
from typing import NamedTuple, TextIO

from actors.exports.formula_guard import guard_formula

MAX_SHOWN_LENGTH = 100


class UnreadableFile(Exception):
    """A file without usable rows; the message is for users."""


class RowError(NamedTuple):
    """An error in a cell; in a whole row if ``column`` is ""."""

    line: int | None
    column: str
    value: str
    message: str


def printable(text: str) -> str:
    """Return ``text`` as it can be shown and stored anywhere: short, with a mark for each invisible character."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text[:MAX_SHOWN_LENGTH])


def write_errors(mistakes: Iterable[RowError], file: TextIO) -> None:
    """Write ``mistakes`` to the text ``file`` as CSV for spreadsheets."""
    writer = csv.writer(file)
    writer.writerow(RowError._fields)
    # An invalid value may be a formula, and is in the message too.
    writer.writerows(map(guard_formula, mistake) for mistake in mistakes)
