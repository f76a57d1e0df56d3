"""Conditions on the folded ``search`` column."""

from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import TypeVar

from django.db import connections, models

from actors.text.chinese_variants import spellings
from actors.text.normalize import fold_words, is_short_word, search_pattern

AnyQuerySet = TypeVar("AnyQuerySet", bound=models.QuerySet)


def containing_words(rows: AnyQuerySet, query: str) -> AnyQuerySet:
    """Return the ``rows`` whose folded ``search`` matches every word of ``query``.

    A word of one or two letters must begin a part of the name, except in scripts without spaces.
    """
    starts = connections[rows.db].vendor == "postgresql"
    for word in fold_words(query):
        if starts and is_short_word(word):
            rows = rows.filter(_any(Starts(models.F("search"), models.Value(each)) for each in spellings(word)))
        else:
            rows = rows.filter(containing(word))
    return rows


def containing(word: str) -> models.Q:
    """Return the condition that ``search`` contains ``word``, in traditional or simplified characters."""
    return _any(models.Q(search__contains=search_pattern(each)) for each in spellings(word))


def _any(conditions: Iterable[models.Q | models.Func]) -> models.Q:
    return reduce(or_, map(models.Q, conditions))


class Starts(models.Func):
    """Condition, supported by an index, that a part of a folded name begins with a word of one or two letters."""

    template = "actor_starts(%(expressions)s]"
    arg_joiner = ") @> ARRAY["
    output_field = models.BooleanField()
