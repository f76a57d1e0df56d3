"""Entries that may be of one actor: the same name, however spelled, and lives that could be one."""

from itertools import combinations, groupby, pairwise

from actors.models import Actor

MAX_NAMES_READ = 10_000
MAX_PAIRS = 50
# A name that so many have tells nothing: a pair each of its neighbours is enough.
MAX_NAMESAKES = 10
# A year that was reckoned from an age is one off.
MAX_YEARS_APART = 1


def may_be_same_person(one: dict, other: dict) -> bool:
    """Whether two lives agree and overlap, as far as their years are known."""
    agree = all(_years_agree(one[year], other[year]) for year in ("birth_year", "death_year"))
    return agree and _born_before_death(one, other) and _born_before_death(other, one)


def _years_agree(year, other):
    return year is None or other is None or abs(year - other) <= MAX_YEARS_APART


def _born_before_death(one, other):
    return one["birth_year"] is None or other["death_year"] is None or one["birth_year"] <= other["death_year"]


def find_duplicate_pairs(after: str = "") -> tuple[list[tuple[dict, dict]], str]:
    """Return pairs of actors of one folded name after ``after``, and the name to go on after; empty at the end.

    Reads a bounded number of rows along the index of names, whatever the size
    of the directory, and so may find none and yet have to go on.
    """
    fields = ("id", "first_name", "last_name", "native_name", "birth_year", "death_year", "country", "sort_last")
    rows = list(Actor.objects.filter(sort_last__gt=after).order_by("sort_last", "id").values(*fields)[:MAX_NAMES_READ])
    # The last name may go on beyond what was read.
    cut = rows[-1]["sort_last"] if len(rows) == MAX_NAMES_READ else None
    pairs = []
    for name, group in groupby(rows, lambda row: row["sort_last"]):
        if name == cut and name != rows[0]["sort_last"]:
            break
        same = list(group)
        found = combinations(same, 2) if len(same) <= MAX_NAMESAKES else pairwise(same)
        pairs += [(one, other) for one, other in found if may_be_same_person(one, other)]
        after = name
        if len(pairs) >= MAX_PAIRS:
            return pairs, after
    return pairs, after if cut is not None else ""
