"""Keyset pagination: a page is identified by the row that it starts after or ends before.

Every page costs the same, first or last, and a row that is added or deleted
elsewhere shifts nothing. A cursor contains the position of such a row,
(sort key, id). It is signed, and valid only in the list that it was created for.
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


class InvalidCursorError(ValueError):
    """A cursor whose signature is wrong, or that was created for another list."""


@dataclass(frozen=True)
class KeysetPage:
    """A page of rows, in order; ``previous`` and ``next`` are cursors, or None at the ends.

    The other fields are set only if they are known without counting: ``start`` is the number of rows before this page,
    ``total`` the number of rows on all pages, and ``more`` is whether there are further rows that are on no page.
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
def make_cursor(position: tuple, view: str) -> str:
    """Return a cursor for ``position``, such as (sort key, id). It is valid only in ``view``."""
    return _signer(view).sign_object(list(position), compress=True)


def read_cursor(token: str, view: str) -> tuple:
    """Return the position that the cursor ``token`` contains. Raises InvalidCursorError."""
    try:
        return tuple(_signer(view).unsign_object(token))
    except signing.BadSignature:
        raise InvalidCursorError(token) from None


def _signer(view):
    # Without a timestamp, so that a page has the same URL in every process.
    # A new salt would invalidate the cursors in bookmarks and in clients of the API.
    return signing.Signer(salt=f"actors.paging:{view}")


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
    """Return a page of ``rows`` in the order of ``key`` and id, or None to show the first page instead.

    It is None if no rows are left after the cursor, or at most one page of rows before it. The first page takes one
    query; any other page takes two.

    Args:
        rows: The rows to page through: models, or ``values_list(named=True)`` with the columns of ``key`` and the id.
        key: The sort column, or several of them. They must not be NULL.
        size: The number of rows on a page.
        view: The view that cursors are valid in.
        after: The cursor of the row before this page. At most one of ``after``, ``before`` and ``start`` is set.
        before: The cursor of the row after this page.
        start: The value of an ascending ``key`` at which the page starts.
        descending: Whether both ``key`` and id descend.
        within: A function that finds a page's rows if no index has ``rows`` in this order. Its arguments are a
            comparison such as ">"; a position: (sort key, id), (sort key,) or (); whether to read backwards; and the
            number of rows. It returns the SQL that selects their ids.

    Raises:
        InvalidCursorError: The cursor is invalid.
    """
    (later, not_earlier), (earlier, not_later) = (
        (("<", "<="), (">", ">=")) if descending else ((">", ">="), ("<", "<="))
    )
    keys = (key,) if isinstance(key, str) else key

    def some(rows, comparison, position, backward, most):
        down = "-" if backward != descending else ""
        order = [f"{down}{column}" for column in (*keys, "id")]
        if within:
            return rows.filter(pk__in=within(comparison, position, backward, most)).order_by(*order)
        return (_filter_beyond(rows, keys, comparison, position) if position else rows).order_by(*order)[:most]

    def fetch(comparison="", position=(), backward=False):
        return list(some(rows, comparison, position, backward, size + 1))

    def exists(comparison, position, backward=False):
        return some(rows, comparison, position, backward, 1).exists()

    if before:
        position = read_cursor(before, view)
        found = fetch(earlier, position, backward=True)
        if len(found) <= size:
            return None
        found = found[:size][::-1]
        previous, following = True, exists(not_earlier, position)
    elif after:
        position = read_cursor(after, view)
        found = fetch(later, position)
        if not found:
            return None
        previous = exists(not_later, position, backward=True)
        following = len(found) > size
    elif start:
        position = (start,)
        found = fetch(not_earlier, position)
        if not found:
            return None
        previous = exists(earlier, position, backward=True)
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


def _filter_beyond(rows, keys, comparison, position):
    side = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}
    if len(position) == 1:
        return rows.filter(**{f"{keys[0]}__{side[comparison]}": position[0]})
    # PostgreSQL uses an index to compare row values. For SQLite, Django writes an OR, for which SQLite would read all
    # rows up to the position. The second condition, which the first one implies, lets it start at the position.
    implied = {f"{keys[0]}__{side[comparison][:2]}e": position[0]}
    return rows.filter(LOOKUPS[comparison](Tuple(*keys, "id"), position), **implied)
