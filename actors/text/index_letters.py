"""The letters that names begin with: the A to Z index of a list.

A script of thousands of characters has one entry, under a character that
stands for it: 中 for Han, あ for kana, 가 for Hangul.
"""

from collections.abc import Iterable

from actors.text.normalize import HIGHEST_CHARACTER, fold

OTHER = "#"
# First and last character of a script that has one entry.
WHOLE_SCRIPTS = {"あ": ("\u3040", "\u30ff"), "中": ("\u3400", "\u9fff"), "가": ("\uac00", "\ud7a3")}
# More than all alphabets together have: those come to about a hundred letters.
MAX_LETTERS = 200


def letter_label(key: str) -> str:
    """Return the letter under which a folded name stands: "mifune" under "M", "三船" under "中"."""
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
    """Return the label of the letter ``text``, in any case and with any accent. Raises ValueError."""
    folded = fold(text)
    if text != OTHER and not (len(folded) == 1 and folded.isalpha()):
        raise ValueError(text)
    return OTHER if text == OTHER else letter_label(folded)


def letter_steps_sql(table: str, key: str, within: str = "") -> str:
    """Return the SQL of ``step (letter, number)`` for WITH RECURSIVE: the letters that names in ``table`` begin with.

    The names are in the column ``key``, of rows for which the SQL condition ``within`` is true, if it is given.
    ``number`` counts the letters from 1; the last letter is NULL. Each step is one probe of an index.
    """
    beyond = " ".join(
        f"WHEN letter BETWEEN '{first}' AND '{last}' THEN '{last}'" for first, last in WHOLE_SCRIPTS.values()
    )
    within = f" AND {within}" if within else ""
    return (
        f"step (letter, number) AS ("  # noqa: S608  names of ours
        f"SELECT (SELECT substr(min({key}), 1, 1) FROM {table} WHERE {key} > ''{within}), 1 UNION ALL "
        f"SELECT (SELECT substr(min({key}), 1, 1) FROM {table} "
        f"WHERE {key} > CASE {beyond} ELSE letter END || '{HIGHEST_CHARACTER}'{within}), number + 1 "
        f"FROM step WHERE letter IS NOT NULL AND number < {MAX_LETTERS})"
    )


def letter_labels(letters: Iterable[str]) -> list[str]:
    """Return the labels of ``letters``, each once, in order."""
    return list(dict.fromkeys(map(letter_label, letters)))
