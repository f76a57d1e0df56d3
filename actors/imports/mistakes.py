"""What can be wrong with a file."""

from typing import NamedTuple

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
