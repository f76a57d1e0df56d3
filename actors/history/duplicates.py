"""Possible duplicates: actors with the same folded name who could be the same person."""

from collections.abc import Iterable
from itertools import combinations, groupby, pairwise
from typing import Any

from actors.models import Actor

MAX_NAMES_READ = 10_000
MAX_PAIRS = 50
# If more actors share a name, it is weak evidence, and there are many pairs: pair only adjacent rows.
MAX_NAMESAKES = 10
# A year that was computed from an age may be off by one.
MAX_YEARS_APART = 1


def may_be_same_person(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Return whether the years of two actors are compatible. A missing year is compatible with any."""
    agree = all(_years_agree(one[year], other[year]) for year in ("birth_year", "death_year"))
    return agree and _born_before_death(one, other) and _born_before_death(other, one)


def _years_agree(year: int | None, other: int | None) -> bool:
    return year is None or other is None or abs(year - other) <= MAX_YEARS_APART


def _born_before_death(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one["birth_year"] is None or other["death_year"] is None or one["birth_year"] <= other["death_year"]


def find_duplicate_pairs(after: str = "") -> tuple[list[tuple[dict[str, Any], dict[str, Any]]], str]:
    """Return pairs of possible duplicates with folded names after ``after``, and the name to continue after.

    That name is "" at the end. At most MAX_NAMES_READ rows are read from the index of names,
    regardless of the size of the table, so a call may return no pairs although there are more names.
    """
    fields = ("id", "first_name", "last_name", "native_name", "birth_year", "death_year", "country", "sort_last")
    rows = list(Actor.objects.filter(sort_last__gt=after).order_by("sort_last", "id").values(*fields)[:MAX_NAMES_READ])
    # The last name may have more rows than were read: leave it for the next call.
    cut = rows[-1]["sort_last"] if len(rows) == MAX_NAMES_READ else None
    pairs: list[tuple[dict[str, Any], dict[str, Any]]] = []
    for name, group in groupby(rows, lambda row: row["sort_last"]):
        if name == cut and name != rows[0]["sort_last"]:
            break
        same = list(group)
        found: Iterable[tuple[Any, Any]] = combinations(same, 2) if len(same) <= MAX_NAMESAKES else pairwise(same)
        pairs += [(one, other) for one, other in found if may_be_same_person(one, other)]
        after = name
        if len(pairs) >= MAX_PAIRS:
            return pairs, after
    return pairs, after if cut is not None else ""
