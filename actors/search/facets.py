"""What the list is narrowed by: country, decade of birth, living or dead. Answered alike at any size.

A walk along the names reads all of them to find the few whom a rare combination
leaves, or the many who stand at its end. So it goes WALKED steps and no further.
Where that does not fill a page, all of one country and one ``Life`` are a stream,
in the order of an index: what a page may need is taken from the beginning of
each, and put in order.

There are as many streams as there are countries and decades, twice, and not more
where there are more actors.
"""

from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter

from django.db import connection
from django.db.models.expressions import RawSQL

from actors.db.loose_index_scan import distinct_values_sql, first_letters_sql
from actors.search.ranking import decade_years
from actors.text import index_letters

WALKED = 2_000
SIGNS = {"yes": (1,), "no": (-1,), "": (1, -1)}
# The expression of fields.Life, letter by letter: by that, an index is known.
LIFE = "(CASE WHEN death_year IS NULL THEN 1 ELSE -1 END * (COALESCE(birth_year, 0) / 10 + 1))"
COUNTRIES = distinct_values_sql(
    "countries", "country", "min(actor.country)", "actor", "actor.country > countries.country"
)
DECADES = distinct_values_sql("decades", "decade", "max(birth_year) / 10", "actor", "birth_year < decades.decade * 10")
LIVES = distinct_values_sql("lives", "life", f"min({LIFE})", "actor", f"{LIFE} > lives.life")
LETTERS = " UNION ALL SELECT 'letters', letter, number FROM step WHERE letter IS NOT NULL"


@dataclass(frozen=True)
class Facets:
    """What the list is narrowed to; empty where it is not."""

    country: str = ""
    living: str = ""
    born: str = ""

    @property
    def bounded(self) -> bool:
        """Whether ``places`` and ``number`` are to be used: no index has these in order, and the database can merge."""
        return bool(self.living or self.born) and connection.vendor == "postgresql"

    def places(self, key: str) -> Callable[..., RawSQL]:
        """Return what finds the ids of a page in the order of the column ``key``: ``within`` of ``keyset_page``."""

        def ids(comparison: str, place: tuple, backward: bool, most: int) -> RawSQL:
            there = {0: "", 1: f" AND {key} {comparison} %s", 2: f" AND ({key}, actor_id) {comparison} (%s, %s)"}
            there, down = there[len(place)], " DESC" if backward else ""
            order = f"ORDER BY {key}{down}, actor_id{down}"
            streams = (
                f"SELECT begun.* FROM countries, lives, LATERAL (SELECT {key}, actor_id FROM actor "  # noqa: S608  columns of ours, the values parameters
                f"WHERE {LIFE} = life AND actor.country = countries.country{there} {order} LIMIT {most}) AS begun "
                f"WHERE countries.country IS NOT NULL AND {self._these}"
            )
            if self.country:
                # A stream for each decade at most: no walk is cheaper.
                found, given = streams, [self.country, *place]
            else:
                found, given = (
                    f"WITH walk AS MATERIALIZED (SELECT {key}, actor_id, {LIFE} AS life FROM actor "  # noqa: S608  the same
                    f"WHERE TRUE{there} {order} LIMIT {WALKED}), "
                    f"met AS MATERIALIZED (SELECT {key}, actor_id FROM walk WHERE {self._these} LIMIT {most}) "
                    f"SELECT * FROM met UNION {streams} "
                    f"AND (SELECT count(*) FROM met) < {most} AND (SELECT count(*) FROM walk) = {WALKED}",
                    [*place, *place],
                )
            return RawSQL(  # noqa: S611  columns of ours, the values parameters
                f"{self._with} SELECT actor_id FROM ({found}) AS found {order} LIMIT {most}",  # noqa: S608  the same
                given,
            )

        return ids

    def number(self, most: int) -> int:
        """Return how many there are, at most ``most``."""
        of_country = "AND country = (SELECT country FROM countries) " if self.country else ""
        statement = (
            f"{self._with} SELECT count(*) FROM (SELECT 1 FROM lives, LATERAL (SELECT 1 FROM actor "  # noqa: S608  the same
            f"WHERE {LIFE} = life {of_country}ORDER BY country, sort_last, actor_id LIMIT {most}) AS some_of "
            f"WHERE {self._these} LIMIT {most}) AS found"
        )
        with connection.cursor() as cursor:
            cursor.execute(statement, [self.country] if self.country else [])
            return cursor.fetchone()[0]

    @property
    def life(self) -> dict:
        """The condition on ``Life``, as keywords of ``filter`` for one that is called ``life``."""
        if self.born:
            return {"life__in": self._lives}
        return {"life__gt" if self.living == "yes" else "life__lt": 0}

    @property
    def _with(self):
        countries = "countries (country) AS (SELECT CAST(%s AS text))" if self.country else COUNTRIES
        lives = f"lives (life) AS (VALUES {', '.join(f'({life})' for life in self._lives)})" if self.born else LIVES
        return f"WITH RECURSIVE {countries}, {lives}"

    @property
    def _lives(self):
        """Each ``Life`` of a decade that is asked for."""
        number = decade_years(self.born)[0] // 10 + 1
        return [sign * number for sign in SIGNS[self.living]]

    @property
    def _these(self):
        """The SQL condition that a ``life`` is one of these."""
        if self.born:
            return f"life IN ({', '.join(map(str, self._lives))})"
        return f"life {'>' if self.living == 'yes' else '<'} 0"


def counts(facets: Facets, most: int, whole: int, key: str = "") -> dict:
    """Return what stands around a list, in one statement.

    Of each facet its values, and how many there would be, at most ``most``, were that one chosen; the other facets
    stay as they are. Countries are in order of code, decades the latest first. Under "whole", how many there are, at
    most ``whole``; under "letters", those that names begin with in the column ``key``, where one is given.
    """
    asked = "(SELECT country FROM asked)" if facets.country else ""

    def among(living, country, most=most):
        chosen = Facets(living=living, born=facets.born)
        if facets.born:
            return " + ".join(_some(life, country, most) for life in chosen._lives)
        if not living:
            return _some("", country, most)
        if connection.vendor == "postgresql":
            each = _some_of("lives.life", country, most)
            each = f"SELECT 1 FROM lives, LATERAL ({each}) AS some_of WHERE {chosen._these} LIMIT {most}"  # noqa: S608  nothing is given
            return f"(SELECT count(*) FROM ({each}) AS found)"  # noqa: S608  the same
        return f"(SELECT sum({_some('lives.life', country, most)}) FROM lives WHERE {chosen._these})"  # noqa: S608  the same

    born = " + ".join(_some(f"{sign} * (decades.decade + 1)", asked, most) for sign in SIGNS[facets.living])
    letters = f", {first_letters_sql('actor', key, asked and f'country = {asked}')} " if key else " "
    statement = (
        f"WITH RECURSIVE {'asked (country) AS (SELECT CAST(%s AS text)), ' if asked else ''}"  # noqa: S608  the value a parameter
        f"{COUNTRIES}, {DECADES}, {LIVES}{letters}"
        f"SELECT 'country', country, {among(facets.living, 'countries.country')} FROM countries WHERE country > '' "
        f"UNION ALL SELECT 'born', CAST(decade AS text), {born} FROM decades WHERE decade IS NOT NULL "
        f"UNION ALL SELECT 'living', 'yes', {among('yes', asked)} "
        f"UNION ALL SELECT 'living', 'no', {among('no', asked)} "
        f"UNION ALL SELECT 'whole', '', {among(facets.living, asked, whole)}"
        f"{LETTERS if key else ''}"
    )
    found = {"country": [], "born": [], "living": [], "whole": [], "letters": []}
    with connection.cursor() as cursor:
        cursor.execute(statement, [facets.country] if asked else [])
        for name, value, number in cursor:
            found[name].append((value, int(number or 0)))

    def bounded(name):
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


def _some(life, country, most):
    """Return the SQL of how many are of a ``life`` and a ``country``, where either is given, at most ``most``."""
    return f"(SELECT count(*) FROM ({_some_of(life, country, most)}) AS found)"  # noqa: S608  nothing is given


def _some_of(life, country, most):
    # In the order of an index, whatever the number: for LIMIT, PostgreSQL else hopes for early hits in the table,
    # and reads all of it for each country of few. It does so from an import until the next VACUUM.
    conditions = [*([f"{LIFE} = {life}"] if life else []), *([f"actor.country = {country}"] if country else [])]
    order = f"ORDER BY {'' if country else 'country, '}sort_last, actor_id"
    narrowed = f"WHERE {' AND '.join(conditions)} {order}" if conditions else ""
    return f"SELECT 1 FROM actor {narrowed} LIMIT {most}"  # noqa: S608  nothing is given
