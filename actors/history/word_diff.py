"""Differences between two texts, word by word."""

from collections.abc import Iterable
from difflib import SequenceMatcher
from itertools import takewhile
from typing import Any

# Maximum product of the word counts of both texts, on which the cost depends. A page has up to 100 comparisons.
MAX_COMPARED_PAIRS = 250_000


def word_diff(old: Any, new: Any) -> list[tuple[str, str]]:
    """Return the pieces ("same" | "gone" | "come", text) of a word-by-word comparison of two values.

    If there are too many words between the first and the last difference, or
    none of them is in both values, they are not compared: they become one "gone"
    and one "come" piece.
    """
    before, after = str(old or "").split(" "), str(new or "").split(" ")
    start = _common_prefix_length(before, after)
    end = _common_prefix_length(reversed(before[start:]), reversed(after[start:]))
    between, instead = before[start : len(before) - end], after[start : len(after) - end]
    pieces = [("same", before[:start])]
    if len(between) * len(instead) > MAX_COMPARED_PAIRS or set(between).isdisjoint(instead):
        pieces += [("gone", between), ("come", instead)]
    else:
        for kind, i1, i2, j1, j2 in SequenceMatcher(None, between, instead, autojunk=False).get_opcodes():
            if kind == "equal":
                pieces.append(("same", between[i1:i2]))
            else:
                pieces += [("gone", between[i1:i2]), ("come", instead[j1:j2])]
    pieces.append(("same", before[len(before) - end :]))
    return [(kind, text) for kind, words in pieces if (text := " ".join(words))]


def _common_prefix_length(some: Iterable[str], others: Iterable[str]) -> int:
    """Return the number of equal words at the beginning."""
    return sum(1 for _pair in takewhile(lambda pair: pair[0] == pair[1], zip(some, others, strict=False)))
