"""Filters of the list of actors: country, decade of birth, living or deceased. The cost does not grow with the table.

A scan of an index of names could read all of it to find the few actors of a rare
combination of filters, or actors at the end of the index. The scan therefore stops
after WALKED rows. If these do not fill a page, streams are merged. A stream is the
actors of one country and one value of ``Life``, in the order of an index. Only as
many rows as a page needs are read from the beginning of each stream, and then sorted.

The number of streams does not depend on the number of actors: there are two for each
pair of a country and a decade.
"""

from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from django.db import connection
from django.db.models.expressions import RawSQL

from actors.db.loose_index_scan import distinct_values_sql, first_letters_sql
from actors.search.ranking import decade_years
from actors.text import index_letters

WALKED = 2_000
SIGNS = {"yes": (1,), "no": (-1,), "": (1, -1)}
# Exactly the expression of fields.Life, so that the planner recognizes the index.
LIFE = "(CASE WHEN death_year IS NULL THEN 1 ELSE -1 END * (COALESCE(birth_year, 0) / 10 + 1))"
# Each expression probes an index once per value, and ends with NULL.
COUNTRIES = distinct_values_sql(
    "countries", "country", "min(actor.country)", "actor", "actor.country > countries.country"
)
DECADES = distinct_values_sql("decades", "decade", "max(birth_year) / 10", "actor", "birth_year < decades.decade * 10")
LIVES = distinct_values_sql("lives", "life", f"min({LIFE})", "actor", f"{LIFE} > lives.life")
LETTERS = " UNION ALL SELECT 'letters', letter, number FROM step WHERE letter IS NOT NULL"


@dataclass(frozen=True)
class Facets:
    """The chosen filters; "" if a filter is not used."""

    country: str = ""
    living: str = ""
    born: str = ""

    @property
    def bounded(self) -> bool:
        """Whether to use ``ids_beyond`` and ``number``: on PostgreSQL, if no index has these rows in order."""
        return bool(self.living or self.born) and connection.vendor == "postgresql"

    def ids_beyond(self, key: str) -> Callable[[str, tuple[Any, ...], bool, int], RawSQL]:
        """Return a function for the argument ``within`` of ``keyset_page``, for lists in the order of ``key``."""

        def ids(comparison: str, position: tuple[Any, ...], backward: bool, most: int) -> RawSQL:
            there = ("", f" AND {key} {comparison} %s", f" AND ({key}, actor_id) {comparison} (%s, %s)")[len(position)]
            down = " DESC" if backward else ""
            order = f"ORDER BY {key}{down}, actor_id{down}"
            streams = (
                f"SELECT begun.* FROM countries, lives, LATERAL (SELECT {key}, actor_id FROM actor "  # noqa: S608  our own identifiers; values are parameters
                f"WHERE {LIFE} = life AND actor.country = countries.country{there} {order} LIMIT {most}) AS begun "
                f"WHERE countries.country IS NOT NULL AND {self._these}"
            )
            if self.country:
                # There are few streams, at most two for each decade, so a scan of the names is not cheaper.
                found, given = streams, [self.country, *position]
            else:
                found, given = (
                    f"WITH walk AS MATERIALIZED (SELECT {key}, actor_id, {LIFE} AS life FROM actor "  # noqa: S608  our own identifiers; values are parameters
                    f"WHERE TRUE{there} {order} LIMIT {WALKED}), "
                    f"met AS MATERIALIZED (SELECT {key}, actor_id FROM walk WHERE {self._these} LIMIT {most}) "
                    f"SELECT * FROM met UNION {streams} "
                    f"AND (SELECT count(*) FROM met) < {most} AND (SELECT count(*) FROM walk) = {WALKED}",
                    [*position, *position],
                )
            return RawSQL(  # noqa: S611  our own identifiers; values are parameters
                f"{self._with} SELECT actor_id FROM ({found}) AS found {order} LIMIT {most}",  # noqa: S608  our own identifiers; values are parameters
                given,
            )

        return ids

    def number(self, most: int) -> int:
        """Return how many actors match, at most ``most``."""
        of_country = "AND country = (SELECT country FROM countries) " if self.country else ""
        statement = (
            f"{self._with} SELECT count(*) FROM (SELECT 1 FROM lives, LATERAL (SELECT 1 FROM actor "  # noqa: S608  our own identifiers; values are parameters
            f"WHERE {LIFE} = life {of_country}ORDER BY country, sort_last, actor_id LIMIT {most}) AS some_of "
            f"WHERE {self._these} LIMIT {most}) AS found"
        )
        with connection.cursor() as cursor:
            cursor.execute(statement, [self.country] if self.country else [])
            return cursor.fetchone()[0]

    @property
    def life(self) -> dict[str, Any]:
        """The condition on ``Life``, as keyword arguments of ``filter`` for an alias ``life``."""
        if self.born:
            return {"life__in": self._lives}
        return {"life__gt" if self.living == "yes" else "life__lt": 0}

    @property
    def _with(self) -> str:
        countries = "countries (country) AS (SELECT CAST(%s AS text))" if self.country else COUNTRIES
        lives = f"lives (life) AS (VALUES {', '.join(f'({life})' for life in self._lives)})" if self.born else LIVES
        return f"WITH RECURSIVE {countries}, {lives}"

    @property
    def _lives(self) -> list[int]:
        """The values of ``Life`` in the chosen decade."""
        number = decade_years(self.born)[0] // 10 + 1
        return [sign * number for sign in SIGNS[self.living]]

    @property
    def _these(self) -> str:
        """SQL condition that selects the values of ``life`` that match the filters."""
        if self.born:
            return f"life IN ({', '.join(map(str, self._lives))})"
        return f"life {'>' if self.living == 'yes' else '<'} 0"


def counts(facets: Facets, most: int, whole: int, key: str = "") -> dict[str, Any]:
    """Return the numbers that are shown with a list. One statement reads them.

    Args:
        facets: The chosen filters.
        most: The limit of each count.
        whole: The limit of the total.
        key: The column of names whose first letters to return; "" for none.

    Returns:
        "country", "born", "living": (value, count) pairs: how many actors there would be if that value were chosen and
        the other filters stayed. Countries are in order of code, decades latest first. "whole": the total. "letters":
        the labels of the first letters.
    """
    asked = "(SELECT country FROM asked)" if facets.country else ""

    def among(living: str, country: str, most: int = most) -> str:
        chosen = Facets(living=living, born=facets.born)
        if facets.born:
            return " + ".join(_some(life, country, most) for life in chosen._lives)
        if not living:
            return _some("", country, most)
        if connection.vendor == "postgresql":
            each = _some_of("lives.life", country, most)
            each = f"SELECT 1 FROM lives, LATERAL ({each}) AS some_of WHERE {chosen._these} LIMIT {most}"  # noqa: S608  our own identifiers; values are parameters
            return f"(SELECT count(*) FROM ({each}) AS found)"  # noqa: S608  our own identifiers; values are parameters
        return f"(SELECT sum({_some('lives.life', country, most)}) FROM lives WHERE {chosen._these})"  # noqa: S608  our own identifiers; values are parameters

    born = " + ".join(_some(f"{sign} * (decades.decade + 1)", asked, most) for sign in SIGNS[facets.living])
    letters = f", {first_letters_sql('actor', key, asked and f'country = {asked}')} " if key else " "
    statement = (
        f"WITH RECURSIVE {'asked (country) AS (SELECT CAST(%s AS text)), ' if asked else ''}"  # noqa: S608  our own identifiers; values are parameters
        f"{COUNTRIES}, {DECADES}, {LIVES}{letters}"
        f"SELECT 'country', country, {among(facets.living, 'countries.country')} FROM countries WHERE country > '' "
        f"UNION ALL SELECT 'born', CAST(decade AS text), {born} FROM decades WHERE decade IS NOT NULL "
        f"UNION ALL SELECT 'living', 'yes', {among('yes', asked)} "
        f"UNION ALL SELECT 'living', 'no', {among('no', asked)} "
        f"UNION ALL SELECT 'whole', '', {among(facets.living, asked, whole)}"
        f"{LETTERS if key else ''}"
    )
    found: dict[str, list[tuple[str, int]]] = {"country": [], "born": [], "living": [], "whole": [], "letters": []}
    with connection.cursor() as cursor:
        cursor.execute(statement, [facets.country] if asked else [])
        for name, value, number in cursor:
            found[name].append((value, int(number or 0)))

    def bounded(name: str) -> list[tuple[str, int]]:
        return [(value, min(number, most)) for value, number in found[name]]

    return {
        "country": sorted(bounded("country")),
        "born": [(f"{decade}0s", number) for decade, number in sorted(bounded("born"), reverse=True)],
        "living": bounded("living"),
        "whole": min(found["whole"][0][1], whole),
        "letters": index_letters.letter_labels(
            letter for letter, _number in sorted(found["letters"], key=itemgetter(1))
        ),
    }


def _some(life: object, country: str, most: int) -> str:
    """Return the SQL that counts actors with this ``life`` and ``country``, at most ``most``; "" matches all."""
    return f"(SELECT count(*) FROM ({_some_of(life, country, most)}) AS found)"  # noqa: S608  our own identifiers; values are parameters


def _some_of(life: object, country: str, most: int) -> str:
    # In the order of an index: with LIMIT alone, PostgreSQL expects early matches in a scan of the table, and reads
    # the whole table for each country with few actors. This happens between an import and the next VACUUM.
    conditions = [*([f"{LIFE} = {life}"] if life else []), *([f"actor.country = {country}"] if country else [])]
    order = f"ORDER BY {'' if country else 'country, '}sort_last, actor_id"
    narrowed = f"WHERE {' AND '.join(conditions)} {order}" if conditions else ""
    return f"SELECT 1 FROM actor {narrowed} LIMIT {most}"  # noqa: S608  our own identifiers; values are parameters
