"""Search for actors and films, best matches first, at a cost that does not grow with the table.

Matches are sorted by tier, and within a tier by name:

0. every word is a whole part of the name;
1. the last name begins with the query;
2. the first name begins with the query;
3. every word begins a part of the name;
4. every word is in the name.

Films use the same tiers, by title.

At most MAX_RANKED rows are ranked. If there are more, rows whose last or first name
begins with the query are read, in order, from the indexes of the lists, so that the
best matches are among them. A word that is in millions of names therefore costs no
more than a rare one.

If results are sorted by name, at most MAX_SORTED_BY_NAME are sorted. No index of names
is scanned for further matches: the scan could read all names before the first one.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from django.db import connection
from django.db.models import QuerySet

from actors.db.keyset import KeysetPage, make_cursor, read_cursor
from actors.text.chinese_variants import spellings
from actors.text.normalize import HIGHEST_CHARACTER, fold_words, is_short_word, search_pattern

MAX_RANKED = 500
# The limit of results that are sorted by name, and of rows that are read if a filter without an index discards some.
MAX_SORTED_BY_NAME = 5_000
# With LIMIT, PostgreSQL may expect early matches, and read a whole table or all rows of a country without a match.
# If the database's LC_CTYPE is "C", only ASCII has trigrams: other words can only be found by reading the table.
TRIGRAM_SCANS = {"enable_seqscan": "off", "enable_indexscan": "off"}
# An index returns the first of many thousands of rows in order, but PostgreSQL may prefer to read and sort all of them.
INDEX_ORDER_SCANS = {"enable_seqscan": "off", "enable_bitmapscan": "off"}
SCAN_SETTINGS = ("enable_seqscan", "enable_indexscan", "enable_bitmapscan")

# A condition in SQL, and its values.
Condition: TypeAlias = tuple[str, list[str]]


@dataclass(frozen=True)
class RankedRows:
    """Positions (tier, sort key, id) of matches, in order, at most MAX_RANKED; ``more`` tells whether there are others.

    If the matches are sorted by name, positions are (sort key, id), at most MAX_SORTED_BY_NAME.
    """

    positions: list[tuple[Any, ...]]
    more: bool
    by_name: bool = False


def ranked_page(
    found: RankedRows, rows: QuerySet[Any], size: int, view: str, after: str = "", before: str = ""
) -> KeysetPage | None:
    """Return a page of ``found``, read from ``rows``, or None, as ``keyset_page`` does. Raises InvalidCursorError."""
    positions, view = found.positions, view if found.by_name else f"best:{view}"
    if before:
        end = bisect_left(positions, read_cursor(before, view))
        start = end - size
    else:
        start = bisect_right(positions, read_cursor(after, view)) if after else 0
        end = min(start + size, len(positions))
    if start < 0 or (after and start >= end):
        return None
    ids = [pk for *_position, pk in positions[start:end]]
    by_id = {row.id: row for row in rows.filter(pk__in=ids).order_by()} if ids else {}
    return KeysetPage(
        rows=[by_id[pk] for pk in ids if pk in by_id],
        previous=make_cursor(positions[start], view) if start else None,
        next=make_cursor(positions[end - 1], view) if end < len(positions) else None,
        start=start,
        total=len(positions),
        more=found.more,
    )


def rank_actors(query: str, country: str = "", living: str = "", born: str = "", key: str = "") -> RankedRows:
    """Return the actors that match ``query`` and the filters. An empty filter matches all.

    Args:
        query: The words to search for.
        country: A country code.
        living: "yes" or "no".
        born: A decade such as "1940s".
        key: The column of names to sort by, instead of best matches first.
    """
    return _find(query, actor_search(country, living, born, key))


def rank_films(query: str, years: str = "", sort: str = "") -> RankedRows:
    """Return the films that match ``query``.

    Args:
        query: The words to search for.
        years: A decade such as "1940s"; "" for all.
        sort: "title", "year" (newest first, films without a year last), or "" for best matches first.
    """
    return _find(query, film_search(years, sort))


def actor_search(country: str = "", living: str = "", born: str = "", key: str = "") -> "TableSearch":
    """Return the search that ``rank_actors`` runs."""
    narrow = {"yes": ["death_year IS NULL"], "no": ["death_year IS NOT NULL"], "": []}[living]
    if born:
        narrow.append(_within("birth_year", born))
    within, given = (" AND country = %s", [country]) if country else ("", [])
    return TableSearch(ACTOR_TABLE, within, given, " AND ".join(narrow), key)


def film_search(years: str = "", sort: str = "") -> "TableSearch":
    """Return the search that ``rank_films`` runs."""
    return TableSearch(FILM_TABLE, "", [], _within("year", years) if years else "", FILM_SORT_EXPRESSIONS[sort])


def _find(query: str, search: "TableSearch") -> RankedRows:
    looked_for = fold_words(query)
    if not looked_for:
        return RankedRows([], False, bool(search.key))
    found, more = search.best(looked_for)
    if search.key:
        return RankedRows(sorted((name, pk) for _tier, name, pk in found), more, True)
    return RankedRows(found, more)


def _within(column: str, born: str) -> str:
    first, last = decade_years(born)
    return f"{column} BETWEEN {first} AND {last}"


def decade_years(born: str) -> tuple[int, int]:
    """Return the first and the last year of a decade such as "1940s"."""
    first = int(born.removesuffix("s"))
    return first, first + 9


@dataclass(frozen=True)
class _SearchTable:
    """A table to search: its id, its sort keys (folded names), and the columns of its filters."""

    name: str
    pk: str
    keys: tuple[str, ...]
    others: tuple[str, ...]

    @property
    def columns(self) -> str:
        return ", ".join((self.pk, *self.keys, "search", *self.others))


ACTOR_TABLE = _SearchTable("actor", "actor_id", ("sort_last", "sort_first"), ("birth_year", "death_year"))
FILM_TABLE = _SearchTable("actors_film", "id", ("sort_title",), ("year",))
# For "year": five digits, which are smaller for later years, and the title.
FILM_SORT_EXPRESSIONS = {"": "", "title": "sort_title", "year": "(13000 - COALESCE(year, 0)) || ' ' || sort_title"}


class TableSearch:
    """A search in one table.

    Args:
        table: The table.
        within: SQL of a filter that an index supports, such as " AND country = %s".
        given: The values of ``within``.
        narrow: SQL of filters that no index supports.
        key: The column or expression to sort by; "" for best matches first.
    """

    def __init__(self, table: _SearchTable, within: str, given: list[str], narrow: str, key: str) -> None:
        self.table, self.within, self.given, self.narrow, self.key = table, within, given, narrow or "TRUE", key
        self.name = key or table.keys[0]
        self.listed = MAX_SORTED_BY_NAME if key else MAX_RANKED
        self.most = MAX_SORTED_BY_NAME if narrow else self.listed + 1

    def best(self, looked_for: list[str]) -> tuple[list[tuple[Any, ...]], bool]:
        """Return the positions of the best matches, and whether there are more."""
        begun = self.begun(looked_for)
        if len(begun) > self.listed:
            return begun[: self.listed], True
        found, whole = self.containing(looked_for)
        if not whole:
            found = sorted({*begun, *found})
        return found[: self.listed], not whole or len(found) > self.listed

    def begun(self, looked_for: list[str]) -> list[tuple[Any, ...]]:
        """Return the positions of the best rows with a name that begins with the query. May exceed ``listed``."""
        phrase = " ".join(looked_for)
        first, *others = (
            f"SELECT * FROM (SELECT {self.table.columns} FROM {self.table.name} "  # noqa: S608  our own identifiers; values are parameters
            f"WHERE {key} >= %s AND {key} < %s{self.within} ORDER BY {key}, {self.table.pk} LIMIT {self.most}) AS {key}"
            for key in self.table.keys
        )
        begins = [phrase, phrase + HIGHEST_CHARACTER, *self.given]
        # The second query leaves out rows whose first key matches too: no row is repeated. No table has more keys.
        rows = first + "".join(f" UNION ALL {other} WHERE {self.table.keys[0]} NOT LIKE %s" for other in others)
        return self.ranked(rows, begins + [*begins, f"{phrase}%"] * len(others), looked_for, INDEX_ORDER_SCANS)

    def containing(self, looked_for: list[str]) -> tuple[list[tuple[Any, ...]], bool]:
        """Return the positions of the best rows with every word in a name, and whether no further rows match."""
        postgresql = connection.vendor == "postgresql"
        rows, values = self.rows([word_condition(word, postgresql) for word in looked_for])
        scans = TRIGRAM_SCANS if all(map(str.isascii, looked_for)) else {}
        (_tier, _key, read), *found = self.ranked(rows, values, looked_for, scans, counted=True)
        return found, read < self.most

    def rows(self, conditions: Sequence[Condition]) -> Condition:
        """Return the SQL of the rows that meet all ``conditions``, and its values."""
        texts = [text for text, _values in conditions]
        values = [value for _text, some in conditions for value in some]
        rows = (
            f"SELECT {self.table.columns} FROM {self.table.name} "  # noqa: S608  our own identifiers; values are parameters
            f"WHERE {' AND '.join(texts)}{self.within} LIMIT {self.most}"
        )
        return rows, [*values, *self.given]

    def which(self, candidates: Iterable[Sequence[Condition]]) -> set[int]:
        """Return the positions of the ``candidates`` that match any row. A candidate is a list of conditions."""
        texts: list[str] = []
        given: list[str] = []
        for number, conditions in enumerate(candidates):
            rows, values = self.rows(conditions)
            texts.append(f"SELECT {number} WHERE EXISTS (SELECT 1 FROM ({rows}) AS found WHERE {self.narrow})")  # noqa: S608  our own identifiers; values are parameters
            given += values
        scans = TRIGRAM_SCANS if all(str(value).isascii() for value in given) else {}
        with connection.cursor() as cursor:
            cursor.execute(planner_settings(scans) + " UNION ALL ".join(texts), given)
            return {number for (number,) in cursor}

    def ranked(
        self, rows: str, values: Sequence[Any], looked_for: list[str], scans: dict[str, str], counted: bool = False
    ) -> list[tuple[Any, ...]]:
        """Return the positions of ``rows`` in order. If ``counted``, (-1, "", number of rows) precedes them."""
        tier, of_tier = _tier(looked_for, self.table.keys)
        number = "UNION ALL SELECT -1, '', count(*) FROM found " if counted else ""
        statement = (
            f"{planner_settings(scans)}WITH found AS MATERIALIZED ({rows}) "  # noqa: S608  our own identifiers; values are parameters
            f"SELECT * FROM (SELECT {tier} AS tier, {self.name}, {self.table.pk} FROM found "
            f"WHERE {self.narrow} {number}) AS r ORDER BY 1, 2, 3 LIMIT {self.listed + 2}"
        )
        with connection.cursor() as cursor:
            cursor.execute(statement, [*values, *of_tier])
            return cursor.fetchall()


def planner_settings(scans: dict[str, str]) -> str:
    """Return the SQL that restricts PostgreSQL to these ``scans`` for the next statement; "" on SQLite."""
    if connection.vendor != "postgresql":
        return ""
    return "".join(f"SET LOCAL {scan} = {scans.get(scan, 'DEFAULT')}; " for scan in SCAN_SETTINGS)


def word_condition(word: str, postgresql: bool) -> Condition:
    """Return the SQL condition that a name matches ``word``, in traditional or simplified characters."""
    spelled = spellings(word)
    if postgresql and is_short_word(word):
        return f"actor_starts(search) && ARRAY[{', '.join(['%s'] * len(spelled))}]", spelled
    return _any_of("search LIKE %s", spelled), [f"%{search_pattern(each)}%" for each in spelled]


def _any_of(condition: str, values: Sequence[str]) -> str:
    return f"({' OR '.join([condition] * len(values))})" if len(values) > 1 else condition


def _tier(looked_for: list[str], keys: Sequence[str]) -> Condition:
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
