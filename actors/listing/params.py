"""What a visitor may ask of a list, read from a query string.

A page and its twins as data share this: one reading, one canonical form.
"""

import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import Field, replace
from functools import lru_cache
from typing import Any, ClassVar, Self
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from actors.db import keyset
from actors.text import index_letters
from actorsite.page_cache.memoize import memoize_for_version

MAX_QUERY_LENGTH = 200
PAGE_SIZE = 50
MAX_NEAREST = 5
DECADE = re.compile("(18|19|20)[0-9]0s")
# Counting goes no further: the cost of a page must not grow with the table.
MAX_COUNTED = 10_000


class InvalidParams(ValueError):
    """A query string with invalid values; ``mistakes`` has a message for each."""

    def __init__(self, mistakes: list[str]):
        super().__init__(*mistakes)
        self.mistakes = mistakes


class ListParams(ABC):
    """One view of a list; equal views are equal objects with equal addresses.

    What may be asked is the fields of a frozen dataclass, texts that are empty
    where they are not asked for, in the order of the canonical address; among
    them ``q``, ``sort``, ``letter``, ``after`` and ``before``.
    """

    # The fields that filter the list, beside the search.
    conditions: ClassVar[tuple[str, ...]] = ()
    # Of the dataclass that each list is.
    __dataclass_fields__: ClassVar[dict[str, Field[str]]]
    q: str
    sort: str
    letter: str
    after: str
    before: str

    def __post_init__(self) -> None:
        if self.letter and not self.alphabetical:
            object.__setattr__(self, "letter", "")

    @classmethod
    def read(cls, params: QueryDict) -> Self:
        """Return the view that ``params`` asks for. Unknown names are ignored.

        Raises InvalidParams with every mistake, each by the parameter's name
        and what it allows.
        """
        values: dict[str, str] = {}
        mistakes: list[str] = []
        for name in cls.__dataclass_fields__:
            given = params.getlist(name)
            if len(given) > 1:
                mistakes.append(_("%(name)s is given more than once.") % {"name": name})
            elif given and given[0]:
                values[name] = given[0]
        if (length := len(values.get("q", ""))) > MAX_QUERY_LENGTH:
            mistakes.append(
                _("q must be at most %(most)d characters long; it has %(length)d.")
                % {"most": MAX_QUERY_LENGTH, "length": length}
            )
        mistakes += cls.mistakes(values)
        if "letter" in values:
            try:
                values["letter"] = index_letters.parse_letter(values["letter"])
            except ValueError:
                mistakes.append(_("letter must be one letter, or # for what is none."))
            if "after" in values or "before" in values:
                mistakes.append(_("letter cannot be given together with after or before."))
        if "after" in values and "before" in values:
            mistakes.append(_("after and before cannot be given together."))
        if mistakes:
            raise InvalidParams(mistakes)
        if "q" in values:
            values["q"] = " ".join(unicodedata.normalize("NFC", values["q"]).split())
        return cls(**values)

    @classmethod
    def is_submitted(cls, params: QueryDict) -> bool:
        """Whether ``params`` come from a form, which sends empty what is not asked for: no link does."""
        return any(params.get(name) == "" for name in cls.__dataclass_fields__)

    @staticmethod
    @abstractmethod
    def mistakes(values: dict[str, str]) -> list[str]:
        """Return what is wrong with ``values`` beside what is wrong in any list."""

    @abstractmethod
    def rows(self) -> QuerySet[Any]:
        """The rows of this view, on whatever page."""

    def whole(self) -> QuerySet[Any]:
        """The rows of this view on all pages, in order."""
        return self.rows().order_by(*self.keys, "id")

    @property
    @abstractmethod
    def keys(self) -> tuple[str, ...]:
        """The columns that the list is sorted by."""

    @abstractmethod
    def page_of(self, place: dict[str, Any], data: bool) -> keyset.KeysetPage | None:
        """Return the page at ``place``: the keywords ``view``, ``after`` and ``before`` of ``keyset_page``."""

    def page(self, data: bool = False) -> keyset.KeysetPage | None:
        """Return this page; None where only the first is left to show. Raises InvalidParams.

        Its rows have what a list shows, or with ``data`` all that is known of them.
        """
        try:
            return self.page_of({"view": self.change().query_string, "after": self.after, "before": self.before}, data)
        except keyset.InvalidCursor:
            name = "after" if self.after else "before"
            raise InvalidParams(
                [
                    _("%(name)s must be taken from a link on a page of the same list: this one is not whole.")
                    % {"name": name}
                ]
            ) from None

    def count(self, page: keyset.KeysetPage | None) -> tuple[int, bool]:
        """Return how many there are on all pages, ``page`` being one, and whether there are more than that."""
        if page and page.total is not None:
            return page.total, page.more
        if page and not page.previous and not page.next:
            return len(page.rows), False
        number = self.number(MAX_COUNTED + 1)
        return min(number, MAX_COUNTED), number > MAX_COUNTED

    def number(self, most: int) -> int:
        """Return how many there are on all pages, at most ``most``."""
        return self.rows().order_by()[:most].count()

    @abstractmethod
    def suggestions(self) -> list[str]:
        """Return other texts to search for, where this search finds nothing; nearest first."""

    def change(self, **values: str) -> Self:
        """This view with other values, from its first page on."""
        return replace(self, **{"letter": "", "after": "", "before": "", **values})

    @property
    def alphabetical(self) -> bool:
        """Whether the list is in the order of the alphabet: what a search finds is not."""
        return not self.q

    @property
    def best_first(self) -> bool:
        """Whether those come first whom the query fits best: so a search is sorted unless it is asked otherwise."""
        return bool(self.q) and not self.sort

    @property
    def filtered(self) -> bool:
        return bool(self.q or any(self.narrow.values()))

    @property
    def narrow(self) -> dict[str, str]:
        """The conditions beside the search."""
        return {name: getattr(self, name) for name in self.conditions}

    @property
    def parameters(self) -> Mapping[str, str]:
        """What differs from the plain list, in a fixed order."""
        return {name: value for name in self.__dataclass_fields__ if (value := getattr(self, name))}

    @property
    def query_string(self) -> str:
        """The canonical form: with its ``?``, or empty for the plain list."""
        return _query_string(self)


@lru_cache(1_024)
def _query_string(listing: ListParams) -> str:
    return f"?{urlencode(listing.parameters)}" if listing.parameters else ""


def number_of(request: HttpRequest, listing: ListParams, page: keyset.KeysetPage | None) -> tuple[int, bool]:
    """Return what ``listing.count`` does; where that has to count, once for a version of the data."""
    if listing.q or (page and not page.previous and not page.next):
        return listing.count(page)
    return memoize_for_version(request, ("count", listing.change(sort="")), lambda: listing.count(page))
