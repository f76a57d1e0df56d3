"""What a search that finds nobody, or no film, may have meant, at a cost that no size raises.

A word that is in no name is compared with the first parts of last and of first
names, one that is in no title with the words of titles, in two steps. First
everything that one slip makes of it, a letter left out, added, replaced or two
exchanged, is looked up in an index: those of the lists, and that of the words of
titles. Where there is none, some words that begin alike are compared with it,
and of names these may be later parts, native names and others. It wants no
extension, and is the same on both databases, but that SQLite has no index of
words, and reads the titles of so many films and no more.
"""

import json
from collections.abc import Callable, Iterable
from difflib import SequenceMatcher, get_close_matches
from functools import partial
from itertools import islice, product
from typing import NamedTuple

from django.db import connection

from actors.finding import BY_WORDS, Found, allow, find, find_films
from actors.models import Actor, Film
from actors.search import LAST, UNSPACED_LETTER, words

MOST = 3
SHORTEST, LONGEST = 4, 20  # letters; the words of migration 0029 are one more on either side
# Each costs some lookups.
MOST_WORDS = 6
BEGIN_ALIKE = (5, 3)
COMPARED = 100
TRIED = 12
ALIKE = 0.75
ALPHABETS = ("abcdefghijklmnopqrstuvwxyz", "абвгдежзийклмнопрстуфхцчшщъыьэюяіїєґ", "αβγδεζηθικλμνξοπρστυφχψω")
KEYS = ("sort_last", "sort_first")
READ = 20_000  # films, on SQLite


class _Vocabulary(NamedTuple):
    """The words that something is found by: those of some that are among them, and some that begin alike."""

    find: Callable[..., Found]
    known: Callable[[list[str]], list[str]]
    beginning: tuple[Callable[[str], Iterable[str]], ...]  # the cheapest first


def suggest(query: str, **narrow: str) -> list[str]:
    """Return up to MOST other queries, folded, nearest first, that find somebody; ``query`` finds nobody."""
    names = _Vocabulary(find, _known_parts, (_parts, partial(_words, find, Actor)))
    return _suggest(names, query, narrow)


def suggest_films(query: str, years: str = "") -> list[str]:
    """Return the same of a query that finds no film, of the ``years`` such as "1940s" where it is not empty."""
    titles = _Vocabulary(find_films, _known_words, (partial(_words, find_films, Film),))
    return _suggest(titles, query, {"years": years})


def _suggest(vocabulary, query, narrow):
    looked_for = words(query)
    if len(looked_for) > MOST_WORDS:
        return []
    choices, wrong = [], 0
    alone = len(looked_for) == 1 and not any(narrow.values())
    for word in looked_for:
        choices.append([word])
        # A word that others are found by is right; that the only one finds nothing is known already.
        if not alone and (vocabulary.known([word]) or vocabulary.find(word).places):
            continue
        if not SHORTEST <= len(word) <= LONGEST or UNSPACED_LETTER.search(word):
            continue
        if wrong < MOST and (others := _one_slip_away(vocabulary, word) or _beginning_alike(vocabulary, word)):
            choices[-1] = others
            wrong += 1
    candidates = (" ".join(choice) for choice in islice(product(*choices), TRIED)) if wrong else ()
    # What one word may have been finds something: it was found there.
    return list(islice((each for each in candidates if alone or vocabulary.find(each, **narrow).places), MOST))


def _one_slip_away(vocabulary, word):
    """Return words that one slip of the finger turns into ``word``, most alike first; twice MOST at most."""
    halves = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    letters = next((alphabet for alphabet in ALPHABETS if word[0] in alphabet), "".join(sorted(set(word))))
    slips = {a + b[1:] for a, b in halves if b}
    slips |= {a + b[1] + b[0] + b[2:] for a, b in halves if len(b) > 1}
    slips |= {a + letter + b[1:] for a, b in halves if b for letter in letters}
    slips |= {a + letter + b for a, b in halves for letter in letters}
    found = vocabulary.known(sorted(slip for slip in slips - {word} if " " not in slip))
    return sorted(found, key=lambda slip: _distance(slip, word))[: 2 * MOST]


def _distance(slip, word):
    # The same letters in another order are the likeliest slip.
    return sorted(slip) != sorted(word), -SequenceMatcher(None, slip, word, autojunk=False).ratio(), slip


def _beginning_alike(vocabulary, word):
    """Return words that begin as ``word`` does and are like it, most alike first."""
    for beginning, size in product(vocabulary.beginning, BEGIN_ALIKE):
        if size < len(word) and (alike := get_close_matches(word, beginning(word[:size]), MOST, ALIKE)):
            return alike
    return []


def _known_parts(slips):
    """Return those of ``slips`` that are the first part of a last or of a first name."""
    if connection.vendor == "postgresql":
        rows, value = "unnest(%s::text[]) AS slips (slip)", slips
    else:
        rows, value = "(SELECT value AS slip FROM json_each(%s)) AS slips", json.dumps(slips)
    # After the part there is the end, or a space; "!" is the next character.
    known = " OR ".join(
        f"EXISTS (SELECT 1 FROM actor WHERE {key} >= slip AND {key} < slip || '!')"  # noqa: S608  columns of ours, the values parameters
        for key in KEYS
    )
    return _texts(f"SELECT slip FROM {rows} WHERE {known}", [value])  # noqa: S608  columns of ours, the values parameters


def _parts(start):
    """Return the first COMPARED different first parts of last names, and of first names, that begin with ``start``.

    Steps from part to part in the index, a probe each.
    """
    position = "strpos" if connection.vendor == "postgresql" else "instr"
    steps = []
    for key in KEYS:
        following = (
            f"(SELECT substr({key}, 1, {position}({key} || ' ', ' ') - 1) FROM actor "  # noqa: S608  columns of ours, the values parameters
            f"WHERE {key} >= %s AND {key} < %s ORDER BY {key} LIMIT 1)"
        )
        after = following.replace(">= %s", ">= part || '!'")
        steps.append(
            f"by_{key} (part, number) AS (SELECT {following}, 1 UNION ALL "  # noqa: S608  columns of ours, the values parameters
            f"SELECT {after}, number + 1 FROM by_{key} WHERE part IS NOT NULL AND number < {COMPARED})"
        )
    found = " UNION ".join(f"SELECT part FROM by_{key} WHERE part IS NOT NULL" for key in KEYS)  # noqa: S608  columns of ours, the values parameters
    return _texts(f"WITH RECURSIVE {', '.join(steps)} {found} ORDER BY 1", [start, start + LAST, start + LAST] * 2)


def _known_words(slips):
    """Return those of ``slips`` that are a word of a title or of an original title."""
    if connection.vendor != "postgresql":
        titles = _texts("SELECT search FROM actors_film LIMIT %s", [READ])
        return list(set(slips).intersection(" ".join(titles).split(" ")))
    return _texts(
        f"{allow(BY_WORDS)}SELECT slip FROM unnest(%s::text[]) AS slips (slip) "  # noqa: S608  settings of ours, the values parameters
        "WHERE EXISTS (SELECT 1 FROM actors_film WHERE film_words(search) @> ARRAY[slip])",
        [slips],
    )


def _words(find, model, start):
    """Return the first different words that begin with ``start``, of the first COMPARED that it finds, best first."""
    found = [pk for *_place, pk in find(start).places[:COMPARED]]
    texts = dict(model.objects.filter(pk__in=found).values_list("pk", "search"))
    every = (word for pk in found for word in texts.get(pk, "").split(" ") if word.startswith(start))
    return list(dict.fromkeys(every))


def _texts(statement, values):
    """Return the one column of what is found."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [text for (text,) in cursor]
