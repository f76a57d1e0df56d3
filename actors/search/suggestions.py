"""Spelling suggestions for a search without results, at a cost that does not grow with the table.

A word that is in no name is compared with the first parts of last and first names,
and a word that is in no title with the words of titles, in two steps. First, every
word that is one edit away (a letter deleted, inserted or replaced, or two adjacent
letters swapped) is looked up in an index: for names, the indexes of the lists; for
titles, the index of words. The word's prefixes are looked up too, because the query
may lack a space between two words. If no word is one edit away, the word is compared
with some words that have the same first letters; for names, these may also be later
parts, native names and other names. This needs no extension and works in the same way
on both databases, except that SQLite has no index of words and reads a limited number
of titles.

One statement looks up all words. A second one checks which suggestions find anything.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from difflib import SequenceMatcher, get_close_matches
from itertools import islice, product
from typing import Any

from django.db import connection

from actors.search import ranking
from actors.search.ranking import Condition, TableSearch, planner_settings, word_condition
from actors.text.normalize import HIGHEST_CHARACTER, UNSPACED_LETTER, fold_words

MAX_SUGGESTIONS = 3
# In letters. The index function film_words in text_functions.sql also has words that are one letter shorter or longer.
MIN_WORD_LENGTH, MAX_WORD_LENGTH = 4, 20
MIN_PART_LENGTH = 2
# A limit, because each word needs several lookups.
MAX_WORDS = 6
SHARED_PREFIX_LENGTHS = (5, 3)
MAX_COMPARED_WORDS = 100
MAX_CANDIDATES = 12
MIN_SIMILARITY = 0.75
ALPHABETS = ("abcdefghijklmnopqrstuvwxyz", "абвгдежзийклмнопрстуфхцчшщъыьэюяіїєґ", "αβγδεζηθικλμνξοπρστυφχψω")
MAX_TITLES_READ = 20_000  # without an index of words: films on SQLite
# Every part of the statement can use an index.
INDEX_SCANS = {"enable_seqscan": "off"}


def suggest_actors(query: str, **narrow: str) -> list[str]:
    """Return up to MAX_SUGGESTIONS folded queries that find actors, most likely first. ``query`` itself finds none."""
    return _suggest_in(ranking.actor_search(**narrow), query, any(narrow.values()))


def suggest_films(query: str, years: str = "") -> list[str]:
    """Return up to MAX_SUGGESTIONS folded queries that find films, most likely first. ``query`` itself finds none.

    ``years`` is a decade such as "1940s", or "" for all.
    """
    return _suggest_in(ranking.film_search(years), query, bool(years))


def _suggest_in(search: TableSearch, query: str, narrowed: bool) -> list[str]:
    looked_for = fold_words(query)
    if not 0 < len(looked_for) <= MAX_WORDS:
        return []
    # A single word without filters is known to find nothing.
    alone = len(looked_for) == 1 and not narrowed
    instead = _Lookup(search, looked_for, alone).instead()
    if not instead or not all(instead.values()):
        return []
    choices = [instead.get(number, [word]) for number, word in enumerate(looked_for)]
    candidates = list(islice(product(*choices), MAX_CANDIDATES))
    parted = [any(" " in word for word in candidate) for candidate in candidates]
    # A replacement for a single word finds something, because it was found in the table. A split word may not.
    if not alone or any(parted):
        found = search.which([_conditions(candidate) for candidate in candidates])
        # If a query with a split word finds something, only such queries are suggested.
        found = {number for number in found if parted[number]} or found
        candidates = [candidate for number, candidate in enumerate(candidates) if number in found]
    return [" ".join(candidate) for candidate in candidates[:MAX_SUGGESTIONS]]


def _conditions(candidate: Sequence[str]) -> list[Condition]:
    """Return the SQL conditions for every word of ``candidate``. The two parts of a split word must be whole words."""
    postgresql = connection.vendor == "postgresql"
    conditions: list[Condition] = []
    for word in candidate:
        if " " not in word:
            conditions.append(word_condition(word, postgresql))
            continue
        for part in word.split(" "):
            conditions += [("search LIKE %s", [f"% {part}%"]), ("search || ' ' LIKE %s", [f"% {part} %"])]
    return conditions


class _Lookup:
    """Lookup of replacements for the words of a query.

    Args:
        search: The search that found nothing.
        looked_for: The folded words.
        alone: Whether there is a single word and no filter, so that the word is known to find nothing.
    """

    def __init__(self, search: TableSearch, looked_for: list[str], alone: bool) -> None:
        self.table, self.looked_for, self.alone = search.table, looked_for, alone
        self.postgresql = connection.vendor == "postgresql"
        # Titles are compared by all of their words, names by their first parts.
        self.titles = self.table is ranking.FILM_TABLE
        self.words = {
            number: word
            for number, word in enumerate(looked_for)
            if MIN_WORD_LENGTH <= len(word) <= MAX_WORD_LENGTH and not UNSPACED_LETTER.search(word)
        }
        self.slips = {number: _one_edit_away(word) for number, word in self.words.items()}
        self.heads = {
            number: {word[:at] for at in range(MIN_PART_LENGTH, len(word) - MIN_PART_LENGTH + 1)}
            for number, word in self.words.items()
        }

    def instead(self) -> dict[int, list[str]]:
        """Return {position of a wrong word: its replacements, most likely first}, for MAX_SUGGESTIONS words at most."""
        if not self.words:
            return {}
        found: dict[int, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        with connection.cursor() as cursor:
            cursor.execute(*self.statement())
            for number, kind, text in cursor:
                found[number][kind].append(text)
        if self.titles and not self.postgresql:
            known = set(" ".join(found.pop(-1, {"title": []})["title"]).split(" "))
            for number in found:
                found[number]["slip"] = list(known & self.slips[number])
                found[number]["head"] = list(known & self.heads[number])
        return {number: self.alike(number, kinds) for number, kinds in found.items()}

    def alike(self, number: int, kinds: dict[str, list[str]]) -> list[str]:
        """Return the replacements for the word ``number``, most likely first, from {kind: texts}."""
        word = self.words[number]
        parted = [f"{head} {word[len(head) :]}" for head in sorted(kinds["head"], key=len, reverse=True)]
        slips = sorted(kinds["slip"], key=lambda slip: _distance(slip, word))[: 2 * MAX_SUGGESTIONS]
        return parted + (slips or self.beginning_alike(word, kinds))

    @staticmethod
    def beginning_alike(word: str, kinds: dict[str, list[str]]) -> list[str]:
        """Return similar words with the same first letters."""
        for kind, size in product(("part", "word"), SHARED_PREFIX_LENGTHS):
            some = (part for text in kinds[f"{kind}{size}"] for part in text.split(" ") if part.startswith(word[:size]))
            if alike := get_close_matches(word, set(some), MAX_SUGGESTIONS, MIN_SIMILARITY):
                return alike
        return []

    def statement(self) -> tuple[str, list[Any]]:
        """Return the SQL of rows (number, kind, text), and its values.

        Each wrong word has a row of kind "wrong". A "slip" is a known word that is one edit away, a "head" a known word
        that is a prefix of the wrong word. For a word without a "slip", "part5" is the first part of a name that
        begins with the word's first five letters, and "word5" a name or title with a word that begins with them;
        "part3" and "word3" compare three letters.
        """
        asked, asked_values = self.asked()
        slips, slips_values = self.given()
        steps: list[str] = []
        step_values: list[str] = []
        rows = ["SELECT number, 'wrong', '' FROM wrong"]
        row_values: list[str] = []
        # This condition skips lookups whose rows are not needed.
        there = "IN (SELECT number FROM wrong)"
        if slips:
            rows.append("SELECT number, kind, slip FROM known")
            there = "IN (SELECT number FROM wrong EXCEPT SELECT number FROM known WHERE kind = 'slip')"
        else:
            titles = f"(SELECT search FROM actors_film LIMIT {MAX_TITLES_READ}) AS titles"  # noqa: S608  our own identifiers; values are parameters
            rows.append(f"SELECT -1, 'title', search FROM {titles}")  # noqa: S608  our own identifiers; values are parameters
        for number, word in self.words.items():
            for size in (size for size in SHARED_PREFIX_LENGTHS if size < len(word)):
                start = word[:size]
                for key in () if self.titles else self.table.keys:
                    name = f"by_{key}_{number}_{size}"
                    steps.append(f", {name} (part, step) AS ({self.parts(key, name)})")
                    step_values += [start, start + HIGHEST_CHARACTER, start + HIGHEST_CHARACTER]
                    some = f"{name} WHERE part IS NOT NULL AND {number} {there}"
                    rows.append(f"SELECT {number}, 'part{size}', part FROM {some}")  # noqa: S608  our own identifiers; values are parameters
                rows.append(
                    f"SELECT {number}, 'word{size}', search FROM (SELECT search FROM (SELECT {self.table.columns} "  # noqa: S608  our own identifiers; values are parameters
                    f"FROM {self.table.name} WHERE search LIKE %s {_limit_clause(ranking.MAX_RANKED)}) AS found "
                    f"ORDER BY {self.table.keys[0]}, {self.table.pk} LIMIT {MAX_COMPARED_WORDS}) AS found "
                    f"WHERE {number} {there}"
                )
                row_values.append(f"% {start}%")
        statement = (
            f"{planner_settings(INDEX_SCANS)}WITH RECURSIVE {asked}{slips}{''.join(steps)} {' UNION ALL '.join(rows)}"
        )
        return statement, [*asked_values, *slips_values, *step_values, *row_values]

    def asked(self) -> tuple[str, list[Any]]:
        """Return the SQL of ``wrong (number)``, the words that match nothing, and its values."""
        values: list[Any] = [value for number, word in self.words.items() for value in (number, word)]
        asked = f"asked (number, slip) AS (VALUES {', '.join(['(%s, CAST(%s AS text))'] * len(self.words))})"
        if self.alone:
            return f"{asked}, wrong (number) AS MATERIALIZED (SELECT number FROM asked)", values  # noqa: S608  our own identifiers; values are parameters
        inside = []
        for number, word in self.words.items():
            matches, patterns = word_condition(word, self.postgresql)
            inside.append(f"WHEN {number} THEN {_matches_any(self.table.name, matches)}")
            values += patterns
        known = "" if self.titles and not self.postgresql else f"NOT ({self.known()}) AND "
        return (
            f"{asked}, wrong (number) AS MATERIALIZED (SELECT number FROM asked AS slips "  # noqa: S608  our own identifiers; values are parameters
            f"WHERE {known}NOT CASE number {' '.join(inside)} END ORDER BY number LIMIT {MAX_SUGGESTIONS})",
            values,
        )

    def given(self) -> tuple[str, list[Any]]:
        """Return the SQL of ``known (number, kind, slip)``, the edits and prefixes that exist, and its values."""
        if self.titles and not self.postgresql:
            return "", []
        given = [
            (number, kind, slip)
            for number in self.words
            for kind, slips in (("slip", self.slips[number]), ("head", self.heads[number]))
            for slip in sorted(slips)
        ]
        if self.postgresql:
            each = "SELECT * FROM unnest(%s::int[], %s::text[], %s::text[])"
            values: list[Any] = [*map(list, zip(*given, strict=True))]
        else:
            fields = ", ".join(f"json_extract(value, '$[{at}]')" for at in range(3))
            each = f"SELECT {fields} FROM json_each(%s)"  # noqa: S608  our own identifiers; values are parameters
            values = [json.dumps(given)]
        return (
            f", slips (number, kind, slip) AS ({each}), known (number, kind, slip) AS MATERIALIZED ("  # noqa: S608  our own identifiers; values are parameters
            f"SELECT slips.* FROM wrong JOIN slips ON slips.number = wrong.number WHERE {self.known()})",
            values,
        )

    def known(self) -> str:
        """Return the SQL condition that ``slip`` is a word of a title, or the first part of a last or first name."""
        if self.titles:
            return _matches_any("actors_film", "film_words(search) @> ARRAY[slip]")
        # A part is followed by the end of the text, or by a space; "!" is the character after the space.
        return " OR ".join(
            f"EXISTS (SELECT 1 FROM actor WHERE {key} >= slip AND {key} < slip || '!')"  # noqa: S608  our own identifiers; values are parameters
            for key in self.table.keys
        )

    def parts(self, key: str, name: str) -> str:
        """Return the SQL of the first MAX_COMPARED_WORDS distinct first parts in ``key`` with a given beginning."""
        position = "strpos" if self.postgresql else "instr"
        following = (
            f"(SELECT substr({key}, 1, {position}({key} || ' ', ' ') - 1) FROM actor "  # noqa: S608  our own identifiers; values are parameters
            f"WHERE {key} >= %s AND {key} < %s ORDER BY {key} LIMIT 1)"
        )
        after = following.replace(">= %s", ">= part || '!'")
        return (
            f"SELECT {following}, 1 UNION ALL "  # noqa: S608  our own identifiers; values are parameters
            f"SELECT {after}, step + 1 FROM {name} WHERE part IS NOT NULL AND step < {MAX_COMPARED_WORDS}"
        )


def _matches_any(table: str, condition: str) -> str:
    """Return the SQL condition that any row of ``table`` meets ``condition``, which an index of words supports."""
    return f"(SELECT count(*) FROM (SELECT 1 FROM {table} WHERE {condition} {_limit_clause(1)}) AS found) > 0"  # noqa: S608  our own identifiers; values are parameters


def _limit_clause(number: int) -> str:
    """Return a LIMIT whose number PostgreSQL's planner does not know.

    Given a small number, it would scan another index, expecting early matches, and read all of it if there are none.
    """
    return f"LIMIT (SELECT {number})"


def _one_edit_away(word: str) -> set[str]:
    """Return all words that are one edit away from ``word``."""
    halves = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    letters = next((alphabet for alphabet in ALPHABETS if word[0] in alphabet), "".join(sorted(set(word))))
    slips = {a + b[1:] for a, b in halves if b}
    slips |= {a + b[1] + b[0] + b[2:] for a, b in halves if len(b) > 1}
    slips |= {a + letter + b[1:] for a, b in halves if b for letter in letters}
    slips |= {a + letter + b for a, b in halves for letter in letters}
    return {slip for slip in slips - {word} if " " not in slip}


def _distance(slip: str, word: str) -> tuple[bool, float, str]:
    # Two swapped letters are the most likely typo.
    return sorted(slip) != sorted(word), -SequenceMatcher(None, slip, word, autojunk=False).ratio(), slip
