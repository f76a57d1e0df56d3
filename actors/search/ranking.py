"""Who is found by a search, best first, at a cost that the size of the table does not raise.

Tiers, and within each by name:

0. every word is a whole part of the name;
1. the last name begins with the query;
2. the first name begins with the query;
3. every word begins a part of the name;
4. every word is in the name.

Films likewise, by their title.

At most MOST are ranked. Where there are more, those whose last or first name
begins with the query come from the indexes of the lists, in order, and the
best are among them: a word that is in millions of names costs what a rare one does.

Where they are asked for by name, as many as are READ are put in that order, and
no index is walked for the rest: a walk reads all the names before the first match.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from django.db import connection
from django.db.models import QuerySet

from actors.db.keyset import KeysetPage, make_cursor, read_cursor
from actors.text.chinese_variants import spellings
from actors.text.normalize import HIGHEST_CHARACTER, fold_words, is_short_word, search_pattern

MAX_RANKED = 500
# Rows that are read where a further condition, which no index serves, is to leave MOST of them.
MAX_SORTED_BY_NAME = 5_000
# LIMIT lets PostgreSQL hope for early hits and read a whole table, or a whole country, to find nobody.
# Where the database's LC_CTYPE is "C", only ASCII has trigrams: then reading the table is the best that it can do.
TRIGRAM_SCANS = {"enable_seqscan": "off", "enable_indexscan": "off"}
# The first of many thousands are at hand in an index: PostgreSQL may rather read and sort them all.
INDEX_ORDER_SCANS = {"enable_seqscan": "off", "enable_bitmapscan": "off"}
SCAN_SETTINGS = ("enable_seqscan", "enable_indexscan", "enable_bitmapscan")


@dataclass(frozen=True)
class RankedRows:
    """Places (tier, sort key, id) in order, MOST at most; ``more`` where there are others.

    Of those that were asked for by name, places (sort key, id), READ at most.
    """

    places: list[tuple]
    more: bool
    by_name: bool = False


def ranked_page(
    found: RankedRows, rows: QuerySet, size: int, view: str, after: str = "", before: str = ""
) -> KeysetPage | None:
    """Return the page of ``found``, its rows taken from ``rows``, as ``keyset_page`` does. Raises InvalidCursor."""
    places, view = found.places, view if found.by_name else f"best:{view}"
    if before:
        end = bisect_left(places, read_cursor(before, view))
        start = end - size
    else:
        start = bisect_right(places, read_cursor(after, view)) if after else 0
        end = min(start + size, len(places))
    if start < 0 or (after and start >= end):
        return None
    ids = [pk for *_place, pk in places[start:end]]
    by_id = {row.id: row for row in rows.filter(pk__in=ids).order_by()} if ids else {}
    return KeysetPage(
        rows=[by_id[pk] for pk in ids if pk in by_id],
        previous=make_cursor(places[start], view) if start else None,
        next=make_cursor(places[end - 1], view) if end < len(places) else None,
        start=start,
        total=len(places),
        more=found.more,
    )


def rank_actors(query: str, country: str = "", living: str = "", born: str = "", key: str = "") -> RankedRows:
    """Return whom ``query`` finds: of the ``country``, ``living`` or not ("yes", "no"), ``born`` in the "1940s".

    What is empty is not asked for. ``key`` is the column of names to order them by in place of best first.
    """
    return _find(query, actor_search(country, living, born, key))


def rank_films(query: str, years: str = "", sort: str = "") -> RankedRows:
    """Return the films that ``query`` finds, of the ``years`` such as "1940s" where it is not empty; likewise.

    ``sort`` is "title", or "year" for the newest first and those of no known year last.
    """
    return _find(query, film_search(years, sort))


def actor_search(country: str = "", living: str = "", born: str = "", key: str = "") -> "TableSearch":
    """Return where ``rank_actors`` looks."""
    narrow = {"yes": ["death_year IS NULL"], "no": ["death_year IS NOT NULL"], "": []}[living]
    if born:
        narrow.append(_within("birth_year", born))
    within = (" AND country = %s", [country]) if country else ("", [])
    return TableSearch(ACTOR_TABLE, *within, " AND ".join(narrow), key)


def film_search(years: str = "", sort: str = "") -> "TableSearch":
    """Return where ``find_films`` looks."""
    return TableSearch(FILM_TABLE, "", [], _within("year", years) if years else "", FILM_SORT_EXPRESSIONS[sort])


def _find(query, place):
    looked_for = fold_words(query)
    if not looked_for:
        return RankedRows([], False, bool(place.key))
    found, more = place.best(looked_for)
    if place.key:
        return RankedRows(sorted((name, pk) for _tier, name, pk in found), more, True)
    return RankedRows(found, more)


def _within(column, born):
    first, last = decade_years(born)
    return f"{column} BETWEEN {first} AND {last}"


def decade_years(born: str) -> tuple[int, int]:
    """Return the first and the last year of a decade such as "1940s"."""
    first = int(born.removesuffix("s"))
    return first, first + 9


@dataclass(frozen=True)
class _SearchTable:
    """Where names are: the table, its id, the folded names that it is sorted by, and what else narrows it."""

    name: str
    pk: str
    keys: tuple[str, ...]
    others: tuple[str, ...]

    @property
    def columns(self):
        return ", ".join((self.pk, *self.keys, "search", *self.others))


ACTOR_TABLE = _SearchTable("actor", "actor_id", ("sort_last", "sort_first"), ("birth_year", "death_year"))
FILM_TABLE = _SearchTable("actors_film", "id", ("sort_title",), ("year",))
# By year, five digits and the title: later years are before earlier ones.
FILM_SORT_EXPRESSIONS = {"": "", "title": "sort_title", "year": "(13000 - COALESCE(year, 0)) || ' ' || sort_title"}


class TableSearch:
    """Where is looked: what narrows a table beside the query, by an index (``within``) or not."""

    def __init__(self, table, within, given, narrow, key):
        self.table, self.within, self.given, self.narrow, self.key = table, within, given, narrow or "TRUE", key
        self.name = key or table.keys[0]
        self.listed = MAX_SORTED_BY_NAME if key else MAX_RANKED
        self.most = MAX_SORTED_BY_NAME if narrow else self.listed + 1

    def best(self, looked_for):
        """Return the best places, as many as are listed, and whether there are more."""
        begun = self.begun(looked_for)
        if len(begun) > self.listed:
            return begun[: self.listed], True
        found, whole = self.containing(looked_for)
        if not whole:
            found = sorted({*begun, *found})
        return found[: self.listed], not whole or len(found) > self.listed

    def begun(self, looked_for):
        """Return the best places of those of whom a name begins with the query, one more than is listed."""
        phrase = " ".join(looked_for)
        first, *others = (
            f"SELECT * FROM (SELECT {self.table.columns} FROM {self.table.name} "  # noqa: S608  columns of ours, the values parameters
            f"WHERE {key} >= %s AND {key} < %s{self.within} ORDER BY {key}, {self.table.pk} LIMIT {self.most}) AS {key}"
            for key in self.table.keys
        )
        begins = [phrase, phrase + HIGHEST_CHARACTER, *self.given]
        # Nobody twice: there are two names at most.
        rows = first + "".join(f" UNION ALL {other} WHERE {self.table.keys[0]} NOT LIKE %s" for other in others)
        return self.ranked(rows, begins + [*begins, f"{phrase}%"] * len(others), looked_for, INDEX_ORDER_SCANS)

    def containing(self, looked_for):
        """Return the best places of those of whom every word is in a name, and whether none was left out."""
        postgresql = connection.vendor == "postgresql"
        rows, values = self.rows([word_condition(word, postgresql) for word in looked_for])
        scans = TRIGRAM_SCANS if all(map(str.isascii, looked_for)) else {}
        (_tier, _key, read), *found = self.ranked(rows, values, looked_for, scans, counted=True)
        return found, read < self.most

    def rows(self, conditions):
        """Return the SQL of the rows that all ``conditions`` are true of, each SQL and its values, and all values."""
        texts, values = zip(*conditions, strict=True)
        values = [value for some in values for value in some]
        rows = (
            f"SELECT {self.table.columns} FROM {self.table.name} "  # noqa: S608  columns of ours, the values parameters
            f"WHERE {' AND '.join(texts)}{self.within} LIMIT {self.most}"
        )
        return rows, [*values, *self.given]

    def which(self, candidates):
        """Return the numbers of those of ``candidates`` that find anything, each the conditions of its words."""
        texts, given = [], []
        for number, conditions in enumerate(candidates):
            rows, values = self.rows(conditions)
            texts.append(f"SELECT {number} WHERE EXISTS (SELECT 1 FROM ({rows}) AS found WHERE {self.narrow})")  # noqa: S608  the same
            given += values
        scans = TRIGRAM_SCANS if all(str(value).isascii() for value in given) else {}
        with connection.cursor() as cursor:
            cursor.execute(planner_settings(scans) + " UNION ALL ".join(texts), given)
            return {number for (number,) in cursor}

    def ranked(self, rows, values, looked_for, scans, counted=False):
        """Return the places of ``rows`` in order; ``counted``, one before all that has their number for an id."""
        tier, of_tier = _tier(looked_for, self.table.keys)
        number = "UNION ALL SELECT -1, '', count(*) FROM found " if counted else ""
        statement = (
            f"{planner_settings(scans)}WITH found AS MATERIALIZED ({rows}) "  # noqa: S608  columns of ours, the values parameters
            f"SELECT * FROM (SELECT {tier} AS tier, {self.name}, {self.table.pk} FROM found "
            f"WHERE {self.narrow} {number}) AS r ORDER BY 1, 2, 3 LIMIT {self.listed + 2}"
        )
        with connection.cursor() as cursor:
            cursor.execute(statement, [*values, *of_tier])
            return cursor.fetchall()


def planner_settings(scans: dict[str, str]) -> str:
    """Return the SQL that leaves PostgreSQL no more than these ``scans`` for the next statement."""
    if connection.vendor != "postgresql":
        return ""
    return "".join(f"SET LOCAL {scan} = {scans.get(scan, 'DEFAULT')}; " for scan in SCAN_SETTINGS)


def word_condition(word: str, postgresql: bool) -> tuple[str, list[str]]:
    """Return the SQL condition that a name matches ``word``, in whichever Chinese characters, and its values."""
    spelled = spellings(word)
    if postgresql and is_short_word(word):
        return f"actor_starts(search) && ARRAY[{', '.join(['%s'] * len(spelled))}]", spelled
    return _any_of("search LIKE %s", spelled), [f"%{search_pattern(each)}%" for each in spelled]


def _any_of(condition, values):
    return f"({' OR '.join([condition] * len(values))})" if len(values) > 1 else condition


def _tier(looked_for, keys):
    """Return the SQL of a row's tier, and its values."""
    phrase, spelled = " ".join(looked_for), [spellings(word) for word in looked_for]
    whole = " AND ".join(_any_of("search || ' ' LIKE %s", each) for each in spelled)
    begin = " AND ".join(_any_of("search LIKE %s", each) for each in spelled)
    starts = " ".join(f"WHEN {key} LIKE %s THEN {tier}" for tier, key in enumerate(keys, 1))
    return (
        f"CASE WHEN {whole} THEN 0 {starts} WHEN {begin} THEN 3 ELSE 4 END",
        [
            *(f"% {word} %" for each in spelled for word in each),
            *(f"{phrase}%" for _key in keys),
            *(f"% {word}%" for each in spelled for word in each),
        ],
    )
