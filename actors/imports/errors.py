"""What can be wrong with a file."""

import csv
from collections.abc import Iterable
from typing import NamedTuple

from actors.exports.records import harmless

LONGEST = 100


class Unreadable(Exception):
    """A file that holds no rows to speak of; the message is for people."""


class Mistake(NamedTuple):
    """What is wrong in a cell, or in a row where ``column`` is empty."""

    line: int
    column: str
    value: str
    message: str


def shown(text: str) -> str:
    """Return ``text`` as it can be shown and stored wherever: short, and a mark in place of what cannot be seen."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text[:LONGEST])


def write_mistakes(mistakes: Iterable[Mistake], file):
    """Write ``mistakes`` to the text ``file`` as CSV for spreadsheets."""
    writer = csv.writer(file)
    writer.writerow(Mistake._fields)
    # What a file has for a year may be a formula, and comes back in its value and in the message.
    writer.writerows(map(harmless, mistake) for mistake in mistakes)
