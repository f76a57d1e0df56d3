"""Differences between two texts, word by word."""

from difflib import SequenceMatcher
from itertools import takewhile

# Words of one text by words of another: to compare them takes so many steps, for each of a hundred entries of a page.
MAX_COMPARED_PAIRS = 250_000


def word_diff(old, new):
    """Return ("same" | "gone" | "come", text) pieces that lead from one text to the other, word by word.

    Where the words from the first that differs to the last are too many to be compared, they are one piece each.
    """
    old, new = str(old or "").split(" "), str(new or "").split(" ")
    start = _common_prefix_length(old, new)
    end = _common_prefix_length(reversed(old[start:]), reversed(new[start:]))
    between, instead = old[start : len(old) - end], new[start : len(new) - end]
    pieces = [("same", old[:start])]
    if len(between) * len(instead) > MAX_COMPARED_PAIRS or set(between).isdisjoint(instead):
        pieces += [("gone", between), ("come", instead)]
    else:
        for kind, i1, i2, j1, j2 in SequenceMatcher(None, between, instead, autojunk=False).get_opcodes():
            if kind == "equal":
                pieces.append(("same", between[i1:i2]))
            else:
                pieces += [("gone", between[i1:i2]), ("come", instead[j1:j2])]
    pieces.append(("same", old[len(old) - end :]))
    return [(kind, text) for kind, words in pieces if (text := " ".join(words))]


def _common_prefix_length(some, others):
    """Return how many words at the beginning are the same."""
    return sum(1 for _pair in takewhile(lambda pair: pair[0] == pair[1], zip(some, others, strict=False)))
