"""The version of the data that public pages are made of.

The subject keeps it: ``settings.DATA_VERSION`` names the function that reads it. A page, a fragment or a number that is
cached under a version is never shown for another, whatever wrote in between.
"""

from contextlib import suppress
from contextvars import ContextVar
from functools import cache
from typing import Protocol

from django.conf import settings
from django.db import connection
from django.http import HttpRequest
from django.utils.module_loading import import_string


class DataVersion(Protocol):
    """One state of the data: ``token`` never comes again, ``number`` rises, ``at`` is the Unix time of the change."""

    token: str
    number: int
    at: int


# What the page cache has read for the request that this thread answers. It stands from before the view until after it.
current_version: ContextVar[DataVersion | None] = ContextVar("current_version", default=None)


def read_data_version() -> DataVersion:
    """Return the version that is committed now.

    Read it before the rows: what is read after it may be newer, never older.

    Raises:
        django.db.Error: The database does not answer.
        LookupError: The data has no version.
    """
    return _reader()()


@cache
def _reader():
    return import_string(settings.DATA_VERSION)


def request_version(request: HttpRequest) -> str | None:
    """Return the token of the version that ``request`` is answered from; None if it cannot be known.

    The page cache has read it already; else it is read now, once for the request. Within a transaction it is unknown:
    what the transaction has written has no version yet.
    """
    if version := current_version.get():
        return version.token
    if not hasattr(request, "data_version_token"):
        request.data_version_token = None
        if settings.DATA_VERSION and not connection.in_atomic_block:
            with suppress(LookupError):
                request.data_version_token = read_data_version().token
    return request.data_version_token
