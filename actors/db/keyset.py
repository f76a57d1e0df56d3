"""Keyset pages: a page is named by the row it begins after or ends before.

So every page costs the same, the first and the last, and a row that is added
or deleted elsewhere shifts nothing. A token names such a row by its place
(sort key, id); it is signed, and holds only for the view that it was made in.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from django.core import signing
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.fields.tuple_lookups import (
    Tuple,
    TupleGreaterThan,
    TupleGreaterThanOrEqual,
    TupleLessThan,
    TupleLessThanOrEqual,
)

LOOKUPS = {
    ">": TupleGreaterThan,
    ">=": TupleGreaterThanOrEqual,
    "<": TupleLessThan,
    "<=": TupleLessThanOrEqual,
}


class InvalidCursor(ValueError):
    """A page token that was not made here, or not for this view."""


@dataclass(frozen=True)
class KeysetPage:
    """Rows in order; ``previous`` and ``next`` are tokens, or None at the ends.

    Where it is known without counting: how many rows come before, how many
    there are on all pages, and whether there are ``more`` that no page has.
    """

    rows: list
    previous: str | None
    next: str | None
    start: int | None = None
    total: int | None = None
    more: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether there is no other page."""
        return not (self.previous or self.next)


@lru_cache(1_024)
def make_cursor(place: tuple, view: str) -> str:
    """Return a token for ``place``, such as (sort key, id), that holds in ``view`` only."""
    return _signer(view).sign_object(list(place), compress=True)


def read_cursor(token: str, view: str) -> tuple:
    """Return the place that ``token`` names. Raises InvalidCursor."""
    try:
        return tuple(_signer(view).unsign_object(token))
    except signing.BadSignature:
        raise InvalidCursor(token) from None


def _signer(view):
    # Without a time-stamp: the same page has the same address in every process.
    return signing.Signer(salt=f"actors.db.keyset:{view}")


def keyset_page(
    rows: QuerySet,
    key: str | tuple[str, ...],
    size: int,
    view: str,
    after: str = "",
    before: str = "",
    start: str = "",
    descending: bool = False,
    within: Callable[[str, tuple, bool, int], RawSQL] | None = None,
) -> KeysetPage | None:
    """Return the page of ``rows``, ordered by the column ``key`` and then by id, both ``descending`` or neither.

    The rows are of models, or of ``values_list(named=True)`` with the ``key`` and the id among the values.
    Of several columns, none of which may be NULL, the first comes first.
    ``after`` and ``before`` are tokens made for the same ``view``, ``start`` is where
    in an ascending ``key`` to begin: one of them, or none for the first page.
    Where no index has the ``rows`` in order, ``within`` chooses them from all that ``rows`` is: of those beyond a
    place, (sort key, id) or (sort key,) or none, by a comparison such as ">", backwards or not, so many ids.
    Returns None where the page would be the first, or where its rows are gone:
    only the first page is left to show. Costs one query, or two where it is not
    the first page. Raises InvalidCursor.
    """
    (later, not_earlier), (earlier, not_later) = (
        (("<", "<="), (">", ">=")) if descending else ((">", ">="), ("<", "<="))
    )
    keys = (key,) if isinstance(key, str) else key

    def some(rows, comparison, place, backward, most):
        down = "-" if backward != descending else ""
        order = [f"{down}{column}" for column in (*keys, "id")]
        if within:
            return rows.filter(pk__in=within(comparison, place, backward, most)).order_by(*order)
        return (_filter_beyond(rows, keys, comparison, place) if place else rows).order_by(*order)[:most]

    def fetch(comparison="", place=(), backward=False):
        return list(some(rows, comparison, place, backward, size + 1))

    def exists(comparison, place, backward=False):
        return some(rows, comparison, place, backward, 1).exists()

    if before:
        place = read_cursor(before, view)
        found = fetch(earlier, place, backward=True)
        if len(found) <= size:
            return None
        found = found[:size][::-1]
        previous, following = True, exists(not_earlier, place)
    elif after:
        place = read_cursor(after, view)
        found = fetch(later, place)
        if not found:
            return None
        previous = exists(not_later, place, backward=True)
        following = len(found) > size
    elif start:
        place = (start,)
        found = fetch(not_earlier, place)
        if not found:
            return None
        previous = exists(earlier, place, backward=True)
        following = len(found) > size
    else:
        found = fetch()
        previous, following = False, len(found) > size
    found = found[:size]
    return KeysetPage(
        rows=found,
        previous=make_cursor(_cursor_values(found[0], keys), view) if previous else None,
        next=make_cursor(_cursor_values(found[-1], keys), view) if following else None,
    )


def _cursor_values(row, keys):
    return (*(getattr(row, column) for column in keys), row.id)


def _filter_beyond(rows, keys, comparison, place):
    side = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}
    if len(place) == 1:
        return rows.filter(**{f"{keys[0]}__{side[comparison]}": place[0]})
    # PostgreSQL walks an index to a row value. Django has only an OR for SQLite, which
    # reads all the rows before it; the second condition, implied, spares it that.
    implied = {f"{keys[0]}__{side[comparison][:2]}e": place[0]}
    return rows.filter(LOOKUPS[comparison](Tuple(*keys, "id"), place), **implied)
