"""What a search that finds nobody, or no film, may have meant, at a cost that no size raises.

A word that is in no name is compared with the first parts of last and of first
names, one that is in no title with the words of titles, in two steps. First
everything that one slip makes of it, a letter left out, added, replaced or two
exchanged, is looked up in an index: those of the lists, and that of the words of
titles. So are its beginnings, for it may be two parts without the space between.
Where there is none of these, some words that begin alike are compared with it,
and of names these may be later parts, native names and others. It wants no
extension, and is the same on both databases, but that SQLite has no index of
words, and reads the titles of so many films and no more.

All words are looked up by one statement, and what comes of them is tried by one
more: a page costs few.
"""

import json
from collections import defaultdict
from difflib import SequenceMatcher, get_close_matches
from itertools import islice, product

from django.db import connection

from actors.search import ranking
from actors.search.ranking import TableSearch, planner_settings, word_condition
from actors.text.normalize import HIGHEST_CHARACTER, UNSPACED_LETTER, fold_words

MAX_SUGGESTIONS = 3
# In letters; the words of film_words in text_functions.sql are one more on either side.
MIN_WORD_LENGTH, MAX_WORD_LENGTH = 4, 20
MIN_PART_LENGTH = 2
# Each costs some lookups.
MAX_WORDS = 6
SHARED_PREFIX_LENGTHS = (5, 3)
MAX_COMPARED_WORDS = 100
MAX_CANDIDATES = 12
MIN_SIMILARITY = 0.75
ALPHABETS = ("abcdefghijklmnopqrstuvwxyz", "абвгдежзийклмнопрстуфхцчшщъыьэюяіїєґ", "αβγδεζηθικλμνξοπρστυφχψω")
MAX_TITLES_READ = 20_000  # films, on SQLite
# Each part of the statement has an index.
INDEX_SCANS = {"enable_seqscan": "off"}


def suggest_actors(query: str, **narrow: str) -> list[str]:
    """Return up to MOST other queries, folded, nearest first, that find somebody; ``query`` finds nobody."""
    return _suggest_in(ranking.actor_search(**narrow), query, any(narrow.values()))


def suggest_films(query: str, years: str = "") -> list[str]:
    """Return the same of a query that finds no film, of the ``years`` such as "1940s" where it is not empty."""
    return _suggest_in(ranking.film_search(years), query, bool(years))


def _suggest_in(place, query, narrowed):
    looked_for = fold_words(query)
    if not 0 < len(looked_for) <= MAX_WORDS:
        return []
    # A word that others are found by is right; that the only one finds nothing is known already.
    alone = len(looked_for) == 1 and not narrowed
    instead = _Lookup(place, looked_for, alone).instead()
    if not instead or not all(instead.values()):
        return []
    choices = [instead.get(number, [word]) for number, word in enumerate(looked_for)]
    candidates = list(islice(product(*choices), MAX_CANDIDATES))
    parted = [any(" " in word for word in candidate) for candidate in candidates]
    # What one word may have been finds something: it was found there. Not so the two parts of one.
    if not alone or any(parted):
        found = place.which([_conditions(candidate) for candidate in candidates])
        # Where no more than a space is missing, nothing else is meant.
        found = {number for number in found if parted[number]} or found
        candidates = [candidate for number, candidate in enumerate(candidates) if number in found]
    return [" ".join(candidate) for candidate in candidates[:MAX_SUGGESTIONS]]


def _conditions(candidate):
    """Return the conditions of what every word of ``candidate`` is in; both parts of one, as whole parts."""
    postgresql = connection.vendor == "postgresql"
    conditions = []
    for word in candidate:
        if " " not in word:
            conditions.append(word_condition(word, postgresql))
            continue
        for part in word.split(" "):
            conditions += [("search LIKE %s", [f"% {part}%"]), ("search || ' ' LIKE %s", [f"% {part} %"])]
    return conditions


class _Lookup:
    """One look at everything that the words of a query may have been."""

    def __init__(self, place: TableSearch, looked_for: list[str], alone: bool):
        """``alone``: the only word, which is known to find nothing."""
        self.table, self.looked_for, self.alone = place.table, looked_for, alone
        self.postgresql = connection.vendor == "postgresql"
        # Titles are many words, names few parts.
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
        """Return for the wrong words, MOST at most, by their numbers what may stand in their place, likeliest first."""
        if not self.words:
            return {}
        found = defaultdict(lambda: defaultdict(list))
        with connection.cursor() as cursor:
            cursor.execute(*self.statement())
            for number, kind, text in cursor:
                found[number][kind].append(text)
        if self.titles and not self.postgresql:
            known = set(" ".join(found.pop(-1, {"title": []})["title"]).split(" "))
            for number in found:
                found[number]["slip"] = known & self.slips[number]
                found[number]["head"] = known & self.heads[number]
        return {number: self.alike(number, kinds) for number, kinds in found.items()}

    def alike(self, number, kinds):
        word = self.words[number]
        parted = [f"{head} {word[len(head) :]}" for head in sorted(kinds["head"], key=len, reverse=True)]
        slips = sorted(kinds["slip"], key=lambda slip: _distance(slip, word))[: 2 * MAX_SUGGESTIONS]
        return parted + (slips or self.beginning_alike(word, kinds))

    @staticmethod
    def beginning_alike(word, kinds):
        for kind, size in product(("part", "word"), SHARED_PREFIX_LENGTHS):
            some = (part for text in kinds[f"{kind}{size}"] for part in text.split(" ") if part.startswith(word[:size]))
            if alike := get_close_matches(word, set(some), MAX_SUGGESTIONS, MIN_SIMILARITY):
                return alike
        return []

    def statement(self):
        """Return the SQL of rows (number, kind, text), and its values: of each wrong word "wrong", and what is found.

        "slip" is what a slip made a word of, "head" what it begins with. Where there is no slip, "part5" is a first
        part of a name that begins with the word's first five letters, "word5" the names or titles in which one does.
        """
        asked, asked_values = self.asked()
        slips, slips_values = self.given()
        steps, step_values, rows, row_values = [], [], ["SELECT number, 'wrong', '' FROM wrong"], []
        # What nobody reads is not made.
        there = "IN (SELECT number FROM wrong)"
        if slips:
            rows.append("SELECT number, kind, slip FROM known")
            there = "IN (SELECT number FROM wrong EXCEPT SELECT number FROM known WHERE kind = 'slip')"
        else:
            titles = f"(SELECT search FROM actors_film LIMIT {MAX_TITLES_READ}) AS titles"  # noqa: S608  the same
            rows.append(f"SELECT -1, 'title', search FROM {titles}")  # noqa: S608  the same
        for number, word in self.words.items():
            for size in (size for size in SHARED_PREFIX_LENGTHS if size < len(word)):
                start = word[:size]
                for key in () if self.titles else self.table.keys:
                    name = f"by_{key}_{number}_{size}"
                    steps.append(f", {name} (part, step) AS ({self.parts(key, name)})")
                    step_values += [start, start + HIGHEST_CHARACTER, start + HIGHEST_CHARACTER]
                    some = f"{name} WHERE part IS NOT NULL AND {number} {there}"
                    rows.append(f"SELECT {number}, 'part{size}', part FROM {some}")  # noqa: S608  the same
                rows.append(
                    f"SELECT {number}, 'word{size}', search FROM (SELECT search FROM (SELECT {self.table.columns} "  # noqa: S608  the same
                    f"FROM {self.table.name} WHERE search LIKE %s {_limit_clause(ranking.MAX_RANKED)}) AS found "
                    f"ORDER BY {self.table.keys[0]}, {self.table.pk} LIMIT {MAX_COMPARED_WORDS}) AS found "
                    f"WHERE {number} {there}"
                )
                row_values.append(f"% {start}%")
        statement = (
            f"{planner_settings(INDEX_SCANS)}WITH RECURSIVE {asked}{slips}{''.join(steps)} {' UNION ALL '.join(rows)}"
        )
        return statement, [*asked_values, *slips_values, *step_values, *row_values]

    def asked(self):
        """Return the SQL of ``wrong (number)``, the words that nothing is found by, and its values."""
        values = [value for number, word in self.words.items() for value in (number, word)]
        asked = f"asked (number, slip) AS (VALUES {', '.join(['(%s, CAST(%s AS text))'] * len(self.words))})"
        if self.alone:
            return f"{asked}, wrong (number) AS MATERIALIZED (SELECT number FROM asked)", values  # noqa: S608  nothing is given
        inside = []
        for number, word in self.words.items():
            matches, patterns = word_condition(word, self.postgresql)
            inside.append(f"WHEN {number} THEN {_matches_any(self.table.name, matches)}")
            values += patterns
        known = "" if self.titles and not self.postgresql else f"NOT ({self.known()}) AND "
        return (
            f"{asked}, wrong (number) AS MATERIALIZED (SELECT number FROM asked AS slips "  # noqa: S608  the same
            f"WHERE {known}NOT CASE number {' '.join(inside)} END ORDER BY number LIMIT {MAX_SUGGESTIONS})",
            values,
        )

    def given(self):
        """Return the SQL of ``known (number, kind, slip)``, those of all slips and heads that are known; its values."""
        if self.titles and not self.postgresql:
            return "", []
        given = [
            (number, kind, slip)
            for number in self.words
            for kind, slips in (("slip", self.slips[number]), ("head", self.heads[number]))
            for slip in sorted(slips)
        ]
        if self.postgresql:
            each, values = (
                "SELECT * FROM unnest(%s::int[], %s::text[], %s::text[])",
                [*map(list, zip(*given, strict=True))],
            )
        else:
            fields = ", ".join(f"json_extract(value, '$[{at}]')" for at in range(3))
            each, values = f"SELECT {fields} FROM json_each(%s)", [json.dumps(given)]  # noqa: S608  the values parameters
        return (
            f", slips (number, kind, slip) AS ({each}), known (number, kind, slip) AS MATERIALIZED ("  # noqa: S608  the same
            f"SELECT slips.* FROM wrong JOIN slips ON slips.number = wrong.number WHERE {self.known()})",
            values,
        )

    def known(self):
        """Return the SQL condition that ``slip`` is a word of a title, or the first part of a last or first name."""
        if self.titles:
            return _matches_any("actors_film", "film_words(search) @> ARRAY[slip]")
        # After the part there is the end, or a space; "!" is the next character.
        return " OR ".join(
            f"EXISTS (SELECT 1 FROM actor WHERE {key} >= slip AND {key} < slip || '!')"  # noqa: S608  columns of ours
            for key in self.table.keys
        )

    def parts(self, key, name):
        """Return the SQL of the first COMPARED different first parts in ``key`` that begin alike, by its index."""
        position = "strpos" if self.postgresql else "instr"
        following = (
            f"(SELECT substr({key}, 1, {position}({key} || ' ', ' ') - 1) FROM actor "  # noqa: S608  columns of ours, the values parameters
            f"WHERE {key} >= %s AND {key} < %s ORDER BY {key} LIMIT 1)"
        )
        after = following.replace(">= %s", ">= part || '!'")
        return (
            f"SELECT {following}, 1 UNION ALL "  # noqa: S608  the same
            f"SELECT {after}, step + 1 FROM {name} WHERE part IS NOT NULL AND step < {MAX_COMPARED_WORDS}"
        )


def _matches_any(table, condition):
    """Return the SQL of whether anything in ``table`` matches a ``condition`` that an index of words serves."""
    return f"(SELECT count(*) FROM (SELECT 1 FROM {table} WHERE {condition} {_limit_clause(1)}) AS found) > 0"  # noqa: S608  names of ours


def _limit_clause(number):
    """Return a LIMIT of which PostgreSQL does not know how few it leaves.

    For few, it hopes to meet them early in an index of something else, and where there are none reads all of that.
    """
    return f"LIMIT (SELECT {number})"


def _one_edit_away(word):
    """Return everything that one slip of the finger turns into ``word``."""
    halves = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    letters = next((alphabet for alphabet in ALPHABETS if word[0] in alphabet), "".join(sorted(set(word))))
    slips = {a + b[1:] for a, b in halves if b}
    slips |= {a + b[1] + b[0] + b[2:] for a, b in halves if len(b) > 1}
    slips |= {a + letter + b[1:] for a, b in halves if b for letter in letters}
    slips |= {a + letter + b for a, b in halves for letter in letters}
    return {slip for slip in slips - {word} if " " not in slip}


def _distance(slip, word):
    # The same letters in another order are the likeliest slip.
    return sorted(slip) != sorted(word), -SequenceMatcher(None, slip, word, autojunk=False).ratio(), slip
