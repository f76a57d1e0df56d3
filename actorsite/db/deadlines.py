"""Deadlines for waits on the database.

PostgreSQL cancels a slow statement by ``statement_timeout``. A server that hangs
cancels nothing, and libpq waits for it without limit. So a thread watches the
connections in use, and shuts down the socket of one whose deadline has passed.
libpq then reports a lost connection, for which the site returns 503.

If the thread is not blocked on the database at the deadline, for example while
it hashes a password on a busy machine, the deadline is renewed.
"""

import itertools
import os
import threading
import time
from typing import Any

from django.conf import settings
from psycopg2 import extensions

from actorsite.db.sockets import shut_down_socket

WATCH_INTERVAL_SECONDS = 0.05

_connections: dict[int, Any] = {}  # thread id: the psycopg2 connection that it uses
# Thread id: (when its deadline is, its length in seconds, whether it was renewed).
_deadlines: dict[int, tuple[float, float, bool]] = {}
_lock = threading.Lock()
_watching = None  # id of the process in which the watching thread runs


def watch_connection(connection):
    """Watch ``connection`` for the calling thread. Only psycopg2 connections are cut: SQLite has its own time-out."""
    _connections[threading.get_ident()] = connection


def is_watched(connection) -> bool:
    """Return whether ``connection`` is the calling thread's watched one, and its socket was not shut down."""
    return _connections.get(threading.get_ident()) is connection


class deadline:  # noqa: N801  used like a function, as contextlib.suppress
    """Context manager that ends a wait of the calling thread for its database after ``seconds``.

    Deadlines nest: an inner one can shorten the outer one, but not extend it. The waiting call raises
    the driver's OperationalError or InterfaceError.
    """

    __slots__ = ("outer", "seconds", "thread")

    def __init__(self, seconds: float):
        self.seconds = seconds

    def __enter__(self):
        _start_watching()
        self.thread = threading.get_ident()
        self.outer = _deadlines.get(self.thread)
        own = time.monotonic() + self.seconds, self.seconds, False
        _deadlines[self.thread] = min(own, self.outer) if self.outer else own

    def __exit__(self, *exception):
        # Hold the lock, so that the watching thread cannot cut the connection for this deadline after this block.
        with _lock:
            if self.outer:
                # Keep the later of the two, in case the inner deadline was renewed.
                _deadlines[self.thread] = max(self.outer, _deadlines[self.thread])
            else:
                _deadlines.pop(self.thread, None)


def extend_deadline(seconds: float):
    """Move the calling thread's deadline to at least ``seconds`` from now.

    For work that is known to take long, such as an import. A single statement
    that takes long needs ``SET LOCAL statement_timeout`` as well.
    """
    thread = threading.get_ident()
    if thread in _deadlines:
        _deadlines[thread] = max(_deadlines[thread], (time.monotonic() + seconds, seconds, False))


def _start_watching():
    # Start the thread here, not at import: a thread does not survive the fork of a worker.
    global _watching
    if _watching != os.getpid():
        with _lock:
            if _watching != os.getpid():
                if _watching:
                    _deadlines.clear()
                _watching = os.getpid()
                try:
                    threading.Thread(target=_watch_loop, name="deadline", daemon=True).start()
                except RuntimeError:
                    # No thread can be started now; the next request tries again.
                    _watching = None
                    raise


def _watch_loop():
    global _watching
    try:
        while True:
            time.sleep(WATCH_INTERVAL_SECONDS)
            _check_deadlines(time.monotonic())
    finally:
        # An exception ended the loop: the next request starts another thread.
        _watching = None


def _check_deadlines(now):
    for thread, entry in list(_deadlines.items()):
        end, seconds, over = entry
        if over or now > end:
            with _lock:
                if _deadlines.get(thread) is not entry:
                    continue
                connection: Any = _connections.get(thread)
                if not _is_waiting(connection):
                    _deadlines[thread] = now + seconds, seconds, True
                elif now > end and (connection := _connections.pop(thread, None)):
                    shut_down_socket(connection)


def _is_waiting(connection):
    return (
        isinstance(connection, extensions.connection)
        and connection.info.transaction_status == extensions.TRANSACTION_STATUS_ACTIVE
    )


class RequestDeadlineMiddleware:
    """Middleware that sets a deadline for each request, and for each part of a streamed response."""

    # A failed ping (PING_SECONDS in actorsite.db.postgresql.base) and an attempt to connect (2 s) fit into 3 s.
    SECONDS = 2.8

    def __init__(self, get_response):
        self.get_response = get_response
        # If the operator allows statements longer than this, the server's time-out must end them first.
        self.seconds = max(self.SECONDS, settings.DATABASE_STATEMENT_TIMEOUT / 1000 + 0.3)

    def __call__(self, request):
        """Return the response to a request, produced within its deadline."""
        # Slow code, such as an import, extends its deadline by this attribute, without importing this module.
        request.extend_deadline = extend_deadline
        with deadline(self.seconds):
            response = self.get_response(request)
        # FileResponse is left as it is: the web server sends the file itself. Its attribute file_to_stream is not
        # documented; Django's WSGI handler reads it for the same purpose.
        if response.streaming and not response.is_async and not getattr(response, "file_to_stream", None):
            parts = self.parts(response.streaming_content)
            # Produce the first part before anything is sent, so that an unavailable database is a 503.
            response.streaming_content = itertools.chain([next(parts, b"")], parts)
        return response

    def parts(self, content):
        """Yield the parts of ``content``, each with its own deadline."""
        content = iter(content)
        while True:
            with deadline(self.seconds):
                part = next(content, None)
            if part is None:
                return
            yield part
