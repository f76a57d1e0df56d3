"""Health probes, which get their response before host checks, redirects and sessions.

Kubernetes sends probes to a pod's IP address over plain HTTP, so nothing that
runs before these responses may check the Host header or the scheme.
"""

import logging
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as StillRunning
from functools import cache
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpResponse, HttpResponseNotAllowed

from actorsite.db import circuit_breaker

logger = logging.getLogger(__name__)

# Seconds for which a database check is reused, and for which a probe waits for one.
CHECK_SECONDS = 0.5
MAX_WAIT_SECONDS = 2

# A feature of the replaced page: `echo ill > /tmp/healthy` takes a server out of service.
HEALTH_FILE = Path("/tmp/healthy")  # noqa: S108  the path is the contract


def is_draining():
    """Return whether this process was told to stop. gunicorn.conf.py replaces this function in each worker."""
    return False


class HealthMiddleware:
    """Middleware that responds to probes and passes on all other requests."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        """Return the response to a probe; pass on any other request."""
        view = PROBE_VIEWS.get(request.path_info)
        if view is None:
            return self.get_response(request)
        response: Any = view() if request.method in ("GET", "HEAD") else HttpResponseNotAllowed(["GET", "HEAD"])
        response["Cache-Control"] = "no-store"
        response.is_probe = True  # read by the request log
        return response


def livez():
    """Return 200 as long as the process responds. The database is not checked."""
    return _plain_response("alive")


def readyz():
    """Return 200 if the database can serve, else 503 with the reason."""
    reason = "This process is stopping." if is_draining() else readiness.reason()
    return _plain_response(reason, 503) if reason else _plain_response("ready")


def health():
    """Return 500 if ``HEALTH_FILE`` exists and contains anything but `healthy`: the probe of the replaced page."""
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
    """Readiness check of the database, at most twice a second, in a separate thread.

    libpq cannot be told to give up on a server that hangs, so the probe waits
    for the thread, with a time-out. Each check opens a new connection: a
    reused one would hide that no new connection is possible.
    """

    def __init__(self):
        self.lock = Lock()
        self.check: Future[str] | None = None
        self.until = 0.0

    def reason(self):
        """Return why the site is not ready, or an empty string if it is."""
        with self.lock:
            if self.check is None or (self.check.done() and time.monotonic() >= self.until):
                check: Future[str] = Future()
                try:
                    Thread(target=self._ask, args=[check], name="readiness", daemon=True).start()
                except RuntimeError as error:
                    return f"The database check failed: {error}."
                # Set it only after the start: if the thread did not start, the Future would never be completed, and
                # every later probe would wait.
                self.check = check
            check = self.check
        try:
            return check.result(timeout=MAX_WAIT_SECONDS)
        except StillRunning:
            return f"The database did not answer within {MAX_WAIT_SECONDS} s."

    def _ask(self, check):
        try:
            try:
                reason = database_reason()
            finally:
                connection.close()
        except (DatabaseError, InterfaceError) as error:
            reason = f"The database does not answer: {circuit_breaker.public_reason(error.__cause__ or error)}."
        except Exception as error:
            logger.exception("The readiness check failed.")
            reason = f"The database check failed: {type(error).__name__}."
        self.until = time.monotonic() + CHECK_SECONDS
        check.set_result(reason)


readiness = Readiness()


def database_reason():
    """Return why the database cannot serve, or an empty string if it can.

    Raises:
        DatabaseError, InterfaceError: The database does not answer.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SHOW transaction_read_only")
            if cursor.fetchone()[0] == "on":
                return "The database is read-only."
    # MigrationRecorder is not documented; `migrate --check` is, but it loads all migrations each time and does not name
    # the missing ones.
    applied = MigrationRecorder(connection).applied_migrations()
    missing = [
        f"{app}.{name}"
        for (app, name), replaced in known_migrations().items()
        if (app, name) not in applied and not (replaced and all(old in applied for old in replaced))
    ]
    return f"Migrations are not applied: {', '.join(missing)}." if missing else ""


@cache
def known_migrations():
    """Return the migrations of this code, as {(app, name): the migrations that it replaces}."""
    nodes = MigrationLoader(None).graph.nodes
    return {key: migration.replaces for key, migration in sorted(nodes.items())}
