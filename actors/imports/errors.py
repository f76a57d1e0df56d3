"""What can be wrong with a file."""

import csv
from collections.abc import Iterable
from typing import NamedTuple

from actors.exports.spreadsheets import guard_formula

MAX_SHOWN_LENGTH = 100


class UnreadableFile(Exception):
    """A file that holds no rows to speak of; the message is for people."""


class RowError(NamedTuple):
    """What is wrong in a cell, or in a row where ``column`` is empty."""

    line: int
    column: str
    value: str
    message: str


def printable(text: str) -> str:
    """Return ``text`` as it can be shown and stored wherever: short, and a mark in place of what cannot be seen."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text[:MAX_SHOWN_LENGTH])


def write_errors(mistakes: Iterable[RowError], file):
    """Write ``mistakes`` to the text ``file`` as CSV for spreadsheets."""
    writer = csv.writer(file)
    writer.writerow(RowError._fields)
    # What a file has for a year may be a formula, and comes back in its value and in the message.
    writer.writerows(map(guard_formula, mistake) for mistake in mistakes)
