"""The letters that names begin with, by which one jumps into the list.

A script of thousands of letters is one place in the row, under a letter that
stands for it: 中 for Han, あ for kana, 가 for Hangul.
"""

from collections.abc import Iterable

from actors.text.normalize import HIGHEST_CHARACTER, fold

OTHER = "#"
# First and last letter of a script that is one place.
WHOLE_SCRIPTS = {"あ": ("\u3040", "\u30ff"), "中": ("\u3400", "\u9fff"), "가": ("\uac00", "\ud7a3")}
# No script that is written letter by letter has more; a list of all comes near a hundred.
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
    """Return where in the order of folded names those under ``label`` begin."""
    if label in WHOLE_SCRIPTS:
        return WHOLE_SCRIPTS[label][0]
    return "" if label == OTHER else fold(label)


def parse_letter(text: str) -> str:
    """Return the label of the letter that ``text`` is, in any case and with any accent. Raises ValueError."""
    folded = fold(text)
    if text != OTHER and not (len(folded) == 1 and folded.isalpha()):
        raise ValueError(text)
    return OTHER if text == OTHER else letter_label(folded)


def letter_steps_sql(table: str, key: str, within: str = "") -> str:
    """Return the SQL of ``step (letter, number)``, for WITH RECURSIVE: the letters that names in ``table`` begin with.

    They are those in the column ``key``, and which each is in order; the last is NULL. Only where the SQL condition
    ``within``, if it is given, is true. Steps from letter to letter in the index of both, a probe each.
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
    """Return the labels under which ``letters`` stand, each once, in order."""
    return list(dict.fromkeys(map(letter_label, letters)))
