"""Statements that the ORM compiles once: to compile one costs more than the database needs to answer it."""

from collections import defaultdict
from collections.abc import Callable, Hashable

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import QuerySet

# Of each kind of row, so many are kept (a megabyte), in all lists together; and none with a longer text in it.
MOST, LONGEST = 512, 1_000
# Stand for a place, (sort key, id), or for ids, while a statement is compiled: no key and no id of anybody.
PLACE = ("\ue000", -1)
IDS = tuple(range(-51, -1))


_kept = defaultdict(dict)  # {kind of row: {what the database gave: the row}}


class Compiled:
    """A list that is asked for again and again, each time at another place in it.

    ``rows()`` makes its queryset, of tuples; ``kind`` is the named tuple that is made of each.
    """

    def __init__(self, rows: Callable[[], QuerySet], kind: type):
        self.rows, self.kind, self.statements = rows, kind, {}

    def fetch(self, name: Hashable, narrow: Callable[[QuerySet, tuple], QuerySet], place: tuple | dict = ()) -> list:
        """Return ``narrow(rows, place)``.

        One ``name`` is one ``narrow``, whatever the place, and always has as much of one:
        values for PLACE, or {what stands for a value: the value}.
        Of what the database has given before, it is the object that was made then, with all that it has kept.
        """
        given, converters = self._ask(name, narrow, place)
        made = list(map(_kept[self.kind].get, given))
        if None in made:
            missing = [values for values, row in zip(given, made, strict=True) if row is None]
            new = list(map(self.kind._make, converters(missing) if converters else missing))
            _keep(self.kind, missing, new)
            rest = iter(new)
            made = [next(rest) if row is None else row for row in made]
        return made

    def in_bulk(self, ids: list[int]) -> dict:
        """Return {id: row} of those of ``ids``, as many as IDS are at most, that are there."""
        if not ids:
            return {}
        # One statement, however many there are.
        place = dict(zip(IDS, ids + ids[-1:] * (len(IDS) - len(ids)), strict=True))
        return {row.id: row for row in self.fetch("ids", lambda rows, _place: rows.filter(pk__in=IDS), place)}

    def exists(self, name: Hashable, narrow: Callable[[QuerySet, tuple], QuerySet], place: tuple = ()) -> bool:
        """Return whether ``narrow(rows, place)`` has any row. Its ``name`` is none of what is fetched."""
        rows, _ = self._ask(name, lambda rows, place: narrow(rows, place).values_list("pk")[:1], place)
        return bool(rows)

    def _ask(self, name, narrow, place):
        statement = self.statements.get(name)
        if statement is None:
            statement = self.statements[name] = _compile(narrow(self.rows(), PLACE[: len(place)]))
        using, sql, params, converters = statement
        if sql is None:
            return [], None
        place = place if isinstance(place, dict) else dict(zip(PLACE, place, strict=False))
        params = [place.get(param, param) for param in params]
        database = connections[using]
        with database.wrap_database_errors, _cursor(database) as cursor:
            cursor.execute(sql, params)
            return cursor.fetchall(), converters


def _keep(kind, given, made):
    kept = _kept[kind]
    if len(kept) > MOST:
        # Who looks at the old ones still may.
        kept = _kept[kind] = {}
    for values, row in zip(given, made, strict=True):
        if all(len(value) <= LONGEST for value in values if isinstance(value, str)):
            kept[values] = row


def _compile(queryset):
    compiler = queryset.query.get_compiler(queryset.db)
    try:
        sql, params = compiler.as_sql()
    except EmptyResultSet:
        return queryset.db, None, (), None
    converters = compiler.get_converters([column for column, *_ in compiler.select])
    return queryset.db, sql, params, converters and (lambda rows: compiler.apply_converters(rows, converters))


def _cursor(database):
    """Return a cursor; the driver's own, where Django's would do no more than that."""
    plain = database.vendor == "postgresql" and not database.execute_wrappers and not database.queries_logged
    if plain and database.connection is not None and database.health_check_done:
        return database.connection.cursor()
    return database.cursor()
