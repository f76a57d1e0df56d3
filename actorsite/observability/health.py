"""Probes: answered before host checks, redirects and sessions.

Kubernetes asks a pod by its address, over plain HTTP, so nothing that stands
before these answers may look at the Host or the scheme.
"""

import logging
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as StillRunning
from functools import cache
from pathlib import Path
from threading import Lock, Thread

from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpResponse, HttpResponseNotAllowed

from actorsite.db import circuit_breaker

logger = logging.getLogger(__name__)

# Seconds for which an answer of the database stands, and for which it is awaited.
ANSWER_SECONDS = 0.5
MAX_WAIT_SECONDS = 2

# The replaced page's switch: `echo ill > /tmp/healthy` takes a server out of service.
HEALTH_FILE = Path("/tmp/healthy")  # noqa: S108  the path is the contract


def is_draining():
    """Whether this process was told to stop. gunicorn.conf.py puts the worker's own answer here."""
    return False


class HealthMiddleware:
    """Middleware that answers the probes' addresses and leaves all others alone."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        answer = PROBE_VIEWS.get(request.path_info)
        if answer is None:
            return self.get_response(request)
        response = answer() if request.method in ("GET", "HEAD") else HttpResponseNotAllowed(["GET", "HEAD"])
        response["Cache-Control"] = "no-store"
        response.is_probe = True
        return response


def livez():
    return _plain_response("alive")


def readyz():
    reason = "This process is stopping." if is_draining() else readiness.reason()
    return _plain_response(reason, 503) if reason else _plain_response("ready")


def health():
    """The replaced page's probe: a file that says anything but `healthy` makes it fail; none is well."""
    try:
        state = HEALTH_FILE.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        state = "healthy"
    response = _plain_response("healthy" if state == "healthy" else "unhealthy", 200 if state == "healthy" else 500)
    response["health-check"] = response.content.decode()
    return response


def _plain_response(text, status=200):
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")


PROBE_VIEWS = {"/livez": livez, "/readyz": readyz, "/health": health}


class Readiness:
    """What the database answers, asked at most twice a second, by a thread of its own.

    libpq cannot be told to give up on a server that hangs, so the probe waits
    for the thread and not for the database. A connection is opened for each
    answer: a kept one would hide that no new one can be had.
    """

    def __init__(self):
        self.lock = Lock()
        self.answer = None
        self.until = 0.0

    def reason(self):
        """Return why the site is not ready, as text; an empty text when it is."""
        with self.lock:
            if self.answer is None or (self.answer.done() and time.monotonic() >= self.until):
                self.answer = Future()
                Thread(target=self._ask, args=[self.answer], name="readiness", daemon=True).start()
            answer = self.answer
        try:
            return answer.result(timeout=MAX_WAIT_SECONDS)
        except StillRunning:
            return f"The database did not answer within {MAX_WAIT_SECONDS} s."

    def _ask(self, answer):
        try:
            reason = database_reason()
        except (DatabaseError, InterfaceError) as error:
            reason = f"The database does not answer: {circuit_breaker.public_reason(error.__cause__ or error)}."
        except Exception as error:
            logger.exception("Readiness could not be found out.")
            reason = f"The database could not be asked: {type(error).__name__}."
        finally:
            connection.close()
        self.until = time.monotonic() + ANSWER_SECONDS
        answer.set_result(reason)


readiness = Readiness()


def database_reason():
    """Ask the database; return why it can't serve, or an empty text. Raises what Django raises."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SHOW transaction_read_only")
            if cursor.fetchone()[0] == "on":
                return "The database is read-only."
    applied = MigrationRecorder(connection).applied_migrations()
    missing = [
        f"{app}.{name}"
        for (app, name), replaced in known_migrations().items()
        if (app, name) not in applied and not (replaced and all(old in applied for old in replaced))
    ]
    return f"Migrations are not applied: {', '.join(missing)}." if missing else ""


@cache
def known_migrations():
    """Return {(app, name): the migrations it replaces} of this code."""
    nodes = MigrationLoader(None).graph.nodes
    return {key: migration.replaces for key, migration in sorted(nodes.items())}
