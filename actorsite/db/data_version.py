"""The version of the data that public pages show.

``settings.DATA_VERSION`` names the function that reads it. A page, fragment or value that is cached under one version
is never used for another, whatever changed the data.
"""

from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from functools import cache
from typing import Protocol, cast

from django.conf import settings
from django.db import connection
from django.http import HttpRequest
from django.utils.module_loading import import_string


class DataVersion(Protocol):
    """One state of the data: ``token`` is unique, ``number`` rises, ``at`` is the Unix time of the change."""

    token: str
    number: int
    at: int


# The version that the page cache has read for the current request; set while the site processes it.
current_version: ContextVar[DataVersion | None] = ContextVar("current_version", default=None)


def read_data_version() -> DataVersion:
    """Return the committed version.

    Read it before the rows: rows that are read after it may be newer, but never older.

    Raises:
        django.db.Error: The database does not answer.
        LookupError: The data has no version.
    """
    return _reader()()


@cache
def _reader() -> Callable[[], DataVersion]:
    return import_string(settings.DATA_VERSION)


class VersionedRequest(HttpRequest):
    """A request that remembers its version of the data. For types only: any HttpRequest may have the attribute."""

    data_version_token: str | None


def request_version(request: HttpRequest) -> str | None:
    """Return the token of the data version that the response to ``request`` shows; None if it cannot be known.

    The page cache may have read it already; otherwise it is read once per request. In a transaction it is unknown,
    because the transaction's own changes have no version yet.
    """
    if version := current_version.get():
        return version.token
    versioned = cast(VersionedRequest, request)
    if not hasattr(versioned, "data_version_token"):
        versioned.data_version_token = None
        if settings.DATA_VERSION and not connection.in_atomic_block:
            with suppress(LookupError):
                versioned.data_version_token = read_data_version().token
    return versioned.data_version_token
