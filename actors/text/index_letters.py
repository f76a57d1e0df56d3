"""The letters that names begin with: the A to Z index of a list.

A script with very many characters has one entry, labeled with one of its
characters: 中 for Han, あ for kana, 가 for Hangul.
"""

from collections.abc import Iterable

from actors.text.normalize import fold

OTHER = "#"
# First and last character of each script that has only one entry.
WHOLE_SCRIPTS = {"あ": ("\u3040", "\u30ff"), "中": ("\u3400", "\u9fff"), "가": ("\uac00", "\ud7a3")}


def letter_label(key: str) -> str:
    """Return the index letter of a folded name: "M" for "mifune", "中" for "三船"."""
    letter = key[:1]
    for label, (first, last) in WHOLE_SCRIPTS.items():
        if first <= letter <= last:
            return label
    if not letter.isalpha():
        return OTHER
    return letter.upper() if fold(letter.upper()) == letter else letter


def first_key(label: str) -> str:
    """Return the sort key at which the names under ``label`` begin."""
    if label in WHOLE_SCRIPTS:
        return WHOLE_SCRIPTS[label][0]
    return "" if label == OTHER else fold(label)


def parse_letter(text: str) -> str:
    """Return the index letter for ``text``, which is "#" or one letter, in any case and with any accent.

    Raises:
        ValueError: ``text`` is something else.
    """
    folded = fold(text)
    if text != OTHER and not (len(folded) == 1 and folded.isalpha()):
        raise ValueError(text)
    return OTHER if text == OTHER else letter_label(folded)


def letter_labels(letters: Iterable[str]) -> list[str]:
    """Return the index letters of ``letters``, without duplicates, in order."""
    return list(dict.fromkeys(map(letter_label, letters)))
