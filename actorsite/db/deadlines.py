"""No request waits for the database longer than it may.

PostgreSQL ends a slow statement by ``statement_timeout``. A server that hangs
ends nothing, and libpq waits for it for ever: so a thread looks after the
connections in use, and shuts the socket of one whose time has passed. libpq
then reports a lost connection, which the site answers with 503.

Who is not waiting when the time has passed, as while a password is hashed on
a busy machine, has as much time again, and each wait after that as well: it is
no fault of the database's.
"""

import contextlib
import itertools
import os
import socket
import threading
import time

from django.conf import settings
from psycopg2.extensions import TRANSACTION_STATUS_ACTIVE
from psycopg2.extensions import connection as Connection

WATCH_INTERVAL_SECONDS = 0.05  # seconds

_connections = {}  # thread id: the psycopg2 connection that it uses
_deadlines = {}  # thread id: when its wait ends, how many seconds it was given, and whether they have passed once
_lock = threading.Lock()
_watching = None  # the process whose thread looks


def watch_connection(connection):
    """Look after the calling thread's ``connection``. Only psycopg2's are cut: SQLite has a time-out of its own."""
    _connections[threading.get_ident()] = connection


def is_watched(connection) -> bool:
    """Return whether ``connection`` is the calling thread's, and was not given up."""
    return _connections.get(threading.get_ident()) is connection


class deadline:
    """Give up what the calling thread waits for from its database when ``seconds`` have passed.

    Deadlines nest: an inner one may only end earlier. The waiting call raises
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
        # After this nobody gives the connection up any more for what is over: either it is given up, or it stays.
        with _lock:
            if self.outer:
                # The later one, where there was as much time again.
                _deadlines[self.thread] = max(self.outer, _deadlines[self.thread])
            else:
                _deadlines.pop(self.thread, None)


def extend_deadline(seconds: float):
    """Let the calling thread's request wait for its database for ``seconds`` from now on, at least.

    For work that is known to take long, such as an import. A statement that
    takes long itself needs a ``SET LOCAL statement_timeout`` beside it.
    """
    thread = threading.get_ident()
    if thread in _deadlines:
        _deadlines[thread] = max(_deadlines[thread], (time.monotonic() + seconds, seconds, False))


def _start_watching():
    # Not at import: a thread does not live on in a forked worker.
    global _watching
    if _watching != os.getpid():
        with _lock:
            if _watching != os.getpid():
                if _watching:
                    _deadlines.clear()
                _watching = os.getpid()
                threading.Thread(target=_watch_loop, name="deadline", daemon=True).start()


def _watch_loop():
    global _watching
    try:
        while True:
            time.sleep(WATCH_INTERVAL_SECONDS)
            _check_deadlines(time.monotonic())
    finally:
        # By a fault of ours: whoever comes next starts another thread.
        _watching = None


def _check_deadlines(now):
    for thread, given in list(_deadlines.items()):
        end, seconds, over = given
        if over or now > end:
            with _lock:
                if _deadlines.get(thread) is not given:
                    continue
                connection = _connections.get(thread)
                if not _is_waiting(connection):
                    _deadlines[thread] = now + seconds, seconds, True
                elif now > end:
                    del _connections[thread]
                    _shut_connection(connection)


def _is_waiting(connection):
    return isinstance(connection, Connection) and connection.info.transaction_status == TRANSACTION_STATUS_ACTIVE


def _shut_connection(connection):
    # A copy of the descriptor: the connection's own stays libpq's to close.
    with contextlib.suppress(Exception), socket.socket(fileno=os.dup(connection.fileno())) as copy:
        copy.shutdown(socket.SHUT_RDWR)


class RequestDeadlineMiddleware:
    """Middleware: bounds what a request may wait for. A streamed answer gets as much for each part."""

    # With connecting (2 s) after a failed ping (PING in actorsite.db.postgresql), an answer is out within 3 s.
    SECONDS = 2.8

    def __init__(self, get_response):
        self.get_response = get_response
        # A statement that may take longer than this by the operator's word is the server's to end.
        self.seconds = max(self.SECONDS, settings.DATABASE_STATEMENT_TIMEOUT / 1000 + 0.3)

    def __call__(self, request):
        # Who knows of long work, such as an import, need not know of this module.
        request.extend_deadline = extend_deadline
        with deadline(self.seconds):
            response = self.get_response(request)
        # A file is the web server's to send, as it is.
        if response.streaming and not response.is_async and not getattr(response, "file_to_stream", None):
            parts = self.parts(response.streaming_content)
            # Nothing is sent yet: a database that is away is answered as for a page.
            response.streaming_content = itertools.chain([next(parts, b"")], parts)
        return response

    def parts(self, content):
        content = iter(content)
        while True:
            with deadline(self.seconds):
                part = next(content, None)
            if part is None:
                return
            yield part
