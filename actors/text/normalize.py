"""Normalization of names and queries.

``fold`` returns the same text for all spellings that visitors consider the same
name: accents, case, full-width forms, hyphens and apostrophes do not matter. The
database folds the stored names by the same rule (migrations/sql/postgresql/text_functions.sql),
so both sides of a comparison agree. Tests compare the two implementations.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from actors.text.chinese_variants import spellings

# Marks that readers of Latin, Greek, Cyrillic, Arabic or Hebrew leave out. Vowel signs
# of Indic scripts and the voicing marks of kana are letters to their readers, so they are kept.
DROPPED_MARKS = (
    "\u0300-\u036f\u0483-\u0487\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    "\u0610-\u061a\u0640\u064b-\u065f\u0670"
)
APOSTROPHES = "'`\u2018\u2019\u02bb\u02bc\u02be\u02bf"
SEPARATORS = ' \t\r\n\\-\u2010-\u2015\u00b7\u2022\u30fb\u3001\u3002_.,/()"\u201c\u201d&+!?:;|@#*=<>\\[\\]{}~%^$\\\\'

# Letters that Unicode does not decompose, and how they are typed on keyboards that lack them.
PAIRS = {"ß": "ss", "ẞ": "ss", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe", "þ": "th", "Þ": "th"}
SINGLES = {
    **{chr(code): chr(code).lower() for code in range(0x41, 0x588) if len(chr(code).lower()) == 1},
    **dict(zip("øØđĐðÐłŁıħĦŧŦς", "ooddddlliHhttσ".lower(), strict=True)),
}
SINGLES = {upper: lower for upper, lower in SINGLES.items() if upper != lower}

MAX_START_LENGTH = 2  # letters
# Sorts after everything that can follow a prefix, in the order of code points.
HIGHEST_CHARACTER = "\U0010ffff"
# Kana, Han and Hangul; Thai.
UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff"
UNSPACED_LETTER = re.compile(f"[{UNSPACED}]")

_table = str.maketrans({**SINGLES, **PAIRS})
_dropped = re.compile(f"[{DROPPED_MARKS}{APOSTROPHES}]")
_separators = re.compile(f"[{SEPARATORS}]+")
_ascii_separators = str.maketrans({chr(code): " " for code in range(128) if _separators.match(chr(code))})


def fold(text: str) -> str:
    """Return ``text`` in the form in which names are compared: ``fold("Ø’Briên-Ｌee") == "obrien lee"``."""
    text = _dropped.sub("", unicodedata.normalize("NFKD", text)).translate(_table)
    return unicodedata.normalize("NFC", _separators.sub(" ", text).strip(" "))


def fold_words(query: str) -> list[str]:
    """Return the folded words of a visitor's query, in order."""
    return fold(query).split(" ") if fold(query) else []


def search_pattern(word: str) -> str:
    """Return the substring to look for in the folded ``search`` text to find names that match ``word``.

    A short word matches only at the start of a part of a name, because two letters
    occur inside almost every name. In scripts without spaces, any word matches anywhere.
    """
    return word if len(word) > MAX_START_LENGTH or UNSPACED_LETTER.search(word) else f" {word}"


def is_short_word(word: str) -> bool:
    """Return whether ``word`` is so short that PostgreSQL looks it up as a whole (actor_starts in text_functions.sql).

    Such a word has no trigram, or only one that a twentieth of all names have.
    """
    unspaced = [bool(UNSPACED_LETTER.match(letter)) for letter in word]
    return len(word) <= MAX_START_LENGTH and (all(unspaced) or not any(unspaced))


def match_ranges(text: str, words: list[str]) -> list[tuple[int, int]]:
    """Return the (start, end) of each part of ``text`` that the folded ``words`` match: in order, not overlapping."""
    patterns = _patterns(tuple(words))
    # Most names do not match: skip the slower search for positions.
    whole = f" {fold(text)}"
    if not any(pattern in whole for pattern, _length in patterns):
        return []
    folded, origins = _folded_letters(text)
    found: set[int] = set()
    for pattern, length in patterns:
        at = folded.find(pattern)
        while at >= 0:
            found.update(range(at + len(pattern) - length, at + len(pattern)))
            at = folded.find(pattern, at + 1)
    ranges: list[tuple[int, int]] = []
    for at in sorted(found):
        start, end = origins[at]
        # A character that folding drops between two letters, such as an apostrophe, belongs to the match.
        if ranges and (at - 1 in found or start < ranges[-1][1]):
            ranges[-1] = (ranges[-1][0], end)
        else:
            ranges.append((start, end))
    return ranges


@lru_cache(64)
def _patterns(words: tuple[str, ...]) -> list[tuple[str, int]]:
    """Return (pattern, length of the word in it) of each spelling of the folded ``words``."""
    return [(search_pattern(spelled), len(spelled)) for word in words for spelled in spellings(word)]


def _folded_letters(text: str) -> tuple[str, list[tuple[int, int]]]:
    """Fold ``text`` for a search within it.

    Returns:
        (folded, positions): a space followed by the folded text, and for each
        character of ``folded`` the (start, end) in ``text`` that it comes from.
    """
    if text.isascii() and not _dropped.search(text):
        # Faster, with the same result as below: each character folds to one character.
        ends = range(1, len(text) + 1)
        return f" {text.lower().translate(_ascii_separators)}", [(0, 0), *zip(range(len(text)), ends, strict=True)]
    parts, origins = [" "], [(0, 0)]
    for start, end in _letters(text):
        part = _fold_letter(text[start:end])
        parts.append(part)
        origins += [(start, end)] * len(part)
    return "".join(parts), origins


@lru_cache(4_096)
def _fold_letter(letter: str) -> str:
    """Return a letter with its marks, folded; a space for a character that separates words."""
    return fold(letter) or ("" if _dropped.match(letter[0]) else " ")


def _letters(text: str) -> Iterator[tuple[int, int]]:
    """Yield the (start, end) of each letter of ``text`` with its marks, which fold as one."""
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or not unicodedata.category(text[at]).startswith("M"):
            yield start, at
            start = at


def register_fold(sender: type[BaseDatabaseWrapper], connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Register ``actor_fold``, which triggers call, on a new SQLite connection; PostgreSQL has it in SQL."""
    if connection.vendor == "sqlite":
        connection.connection.create_function("actor_fold", 1, fold, deterministic=True)
