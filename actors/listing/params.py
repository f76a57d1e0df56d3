"""The parameters of a list, read from a query string.

A page and the same view as JSON, CSV or NDJSON share one parser and one canonical query string.
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
# The largest number that is counted: the cost of a page must not grow with the table.
MAX_COUNTED = 10_000


class InvalidParamsError(ValueError):
    """A query string with invalid values; ``errors`` has a message for each."""

    def __init__(self, errors: list[str]):
        super().__init__(*errors)
        self.errors = errors


class ListParams(ABC):
    """The parameters of one view of a list. Equal views have equal URLs.

    Each list is a frozen dataclass. Its fields are the parameters, in the order of the canonical
    URL, and "" if they are not given. ``q``, ``sort``, ``letter``, ``after`` and ``before`` are
    among them.
    """

    # The fields that filter the list, other than the search.
    conditions: ClassVar[tuple[str, ...]] = ()
    # Every subclass is a dataclass and so has it.
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
        """Return the view that ``params`` describes. Unknown parameters are ignored.

        Raises:
            InvalidParamsError: Parameters are invalid. Each message names a parameter and says what is allowed.
        """
        values: dict[str, str] = {}
        errors: list[str] = []
        for name in cls.__dataclass_fields__:
            given = params.getlist(name)
            if len(given) > 1:
                errors.append(_("%(name)s is given more than once.") % {"name": name})
            elif given and given[0]:
                values[name] = given[0]
        if (length := len(values.get("q", ""))) > MAX_QUERY_LENGTH:
            errors.append(
                _("q must be at most %(most)d characters long; it has %(length)d.")
                % {"most": MAX_QUERY_LENGTH, "length": length}
            )
        errors += cls.errors(values)
        if "letter" in values:
            try:
                values["letter"] = index_letters.parse_letter(values["letter"])
            except ValueError:
                errors.append(_("letter must be one letter, or # for names that don't start with a letter."))
            if "after" in values or "before" in values:
                errors.append(_("letter cannot be given together with after or before."))
        if "after" in values and "before" in values:
            errors.append(_("after and before cannot be given together."))
        if errors:
            raise InvalidParamsError(errors)
        if "q" in values:
            values["q"] = " ".join(unicodedata.normalize("NFC", values["q"]).split())
        return cls(**values)

    @classmethod
    def is_submitted(cls, params: QueryDict) -> bool:
        """Return whether ``params`` come from a form: forms also send their empty fields, links do not."""
        return any(params.get(name) == "" for name in cls.__dataclass_fields__)

    @staticmethod
    @abstractmethod
    def errors(values: dict[str, str]) -> list[str]:
        """Return a message for each of ``values`` that breaks a rule that only this list has."""

    @abstractmethod
    def rows(self) -> QuerySet[Any]:
        """Return the rows of this view, on all pages."""

    def whole(self) -> QuerySet[Any]:
        """Return the rows of this view on all pages, in order."""
        return self.rows().order_by(*self.keys, "id")

    @property
    @abstractmethod
    def keys(self) -> tuple[str, ...]:
        """The sort columns."""

    @abstractmethod
    def page_of(self, cursors: dict[str, Any], data: bool) -> keyset.KeysetPage | None:
        """Return a page, or None, as ``page`` does.

        Args:
            cursors: The arguments ``view``, ``after`` and ``before`` of ``keyset_page``.
            data: Whether rows have all columns that are exported, not only those that a list shows.
        """

    def page(self, data: bool = False) -> keyset.KeysetPage | None:
        """Return the page of this view, or None to show the first page instead. Raises InvalidParamsError.

        Its rows have the columns that a list shows, or with ``data`` all columns that are exported.
        """
        try:
            return self.page_of({"view": self.change().query_string, "after": self.after, "before": self.before}, data)
        except keyset.InvalidCursorError:
            name = "after" if self.after else "before"
            raise InvalidParamsError(
                [
                    _("%(name)s must be copied from a link on a page of the same list. This value is not valid.")
                    % {"name": name}
                ]
            ) from None

    def count(self, page: keyset.KeysetPage | None) -> tuple[int, bool]:
        """Return the number of rows on all pages, and whether there are more. ``page`` is one of the pages, or None."""
        if page and page.total is not None:
            return page.total, page.more
        if page and page.is_whole:
            return len(page.rows), False
        number = self.number(MAX_COUNTED + 1)
        return min(number, MAX_COUNTED), number > MAX_COUNTED

    def number(self, most: int) -> int:
        """Return the number of rows on all pages, at most ``most``."""
        return self.rows().order_by()[:most].count()

    @abstractmethod
    def suggestions(self) -> list[str]:
        """Return suggested searches if this search finds nothing, most similar first."""

    def change(self, **values: str) -> Self:
        """Return this view with the parameters ``values`` changed, at its first page."""
        return replace(self, **{"letter": "", "after": "", "before": "", **values})

    @property
    def alphabetical(self) -> bool:
        """Whether the list is in alphabetical order. Search results are not."""
        return not self.q

    @property
    def best_first(self) -> bool:
        """Whether the best matches come first, which is the default for a search."""
        return bool(self.q) and not self.sort

    @property
    def filtered(self) -> bool:
        """Whether a search or filter limits the list."""
        return bool(self.q or any(self.narrow.values()))

    @property
    def narrow(self) -> dict[str, str]:
        """The filters other than the search, by parameter."""
        return {name: getattr(self, name) for name in self.conditions}

    @property
    def parameters(self) -> Mapping[str, str]:
        """The parameters that are given, in the order of the canonical URL."""
        return {name: value for name in self.__dataclass_fields__ if (value := getattr(self, name))}

    @property
    def query_string(self) -> str:
        """The canonical query string with its ``?``, or "" without parameters."""
        return _query_string(self)


@lru_cache(1_024)
def _query_string(listing: ListParams) -> str:
    return f"?{urlencode(listing.parameters)}" if listing.parameters else ""


def number_of(request: HttpRequest, listing: ListParams, page: keyset.KeysetPage | None) -> tuple[int, bool]:
    """Return ``listing.count(page)``. If that needs a query, its result is cached for this version of the data."""
    if listing.q or (page and page.is_whole):
        return listing.count(page)
    return memoize_for_version(request, ("count", listing.change(sort="")), lambda: listing.count(page))
