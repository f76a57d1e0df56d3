"""Logs: one JSON object a line in production, text for people in development; and the request log."""

import json
import logging
import os
import re
import sys
import time
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache

from django.utils.log import log_response

request_id = ContextVar("request_id", default=None)
_WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{8,128}")
# What ends a line for some reader, or tells a terminal what to do: C0 and C1, and what sets the direction.
_CONTROL_CHARACTERS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
# A text as JSON, letters as they are.
_json_string = json.encoder.encode_basestring
_requests = logging.getLogger("actorsite.requests")
_threads = logging.getLogger("actorsite.threads")


# What no line shows need not be asked for: https://docs.python.org/3/howto/logging.html#optimization
logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
if hasattr(logging, "logAsyncioTasks"):  # from Python 3.12 on
    logging.logAsyncioTasks = False


def logging_config(level: str, form: str) -> dict:
    """Return the dictConfig of the site and of gunicorn alike; ``form`` is ``json`` or ``text``."""
    silent = {"handlers": ["none"], "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {"()": "actorsite.observability.logging.JSONFormatter"},
            "text": {"()": "actorsite.observability.logging.TextFormatter"},
        },
        "filters": {"brief": {"()": "actorsite.observability.logging.OneLineFilter"}},
        "handlers": {
            "stdout": {
                "()": "actorsite.observability.logging.stdout_handler",
                "formatter": form,
                "filters": ["brief"],
            },
            "none": {"class": "logging.NullHandler"},
        },
        "root": {"level": level, "handlers": ["stdout"]},
        "loggers": {
            # They bring handlers of their own, which would say everything twice.
            "django": {"level": level, "handlers": [], "propagate": True},
            "gunicorn.error": {"level": level, "handlers": [], "propagate": True},
            # The request log has a line for each answer; these add a traceback of what a stranger sent.
            "django.request": {"level": "ERROR"},
            "django.security.DisallowedHost": silent,
            # At INFO it tells its steps.
            "axes": {"level": "WARNING"},
            # runserver's line for each request; ours has it.
            "django.server": silent,
        },
    }


def stdout_handler():
    """Return the handler of standard output, which takes any text: where the locale is C, that is ASCII."""
    # Under pytest it may be another thing.
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    return logging.StreamHandler(sys.stdout)


def log_thread_failure(failure):
    """Log what ended a thread: threading.excepthook, whose own writes lines that are no JSON."""
    if failure.exc_type is not SystemExit:
        exception = failure.exc_type, failure.exc_value, failure.exc_traceback
        _threads.error("The thread %s failed.", getattr(failure.thread, "name", "?"), exc_info=exception)


class OneLineFilter(logging.Filter):
    """Says a stranger's mistake and a database's outage in a line: a traceback of each would bury the rest."""

    def filter(self, record):
        if record.exc_info and (record.name.startswith("django.security") or getattr(record, "status_code", 0) == 503):
            error = record.exc_info[1]
            record.msg = f"{record.getMessage()} ({type(error).__name__}: {' '.join(str(error).split())})"
            record.args, record.exc_info, record.exc_text = (), None, None
        return True


class JSONFormatter(logging.Formatter):
    """One object a line: time, level, logger, message, what a request adds, and the exception as one field."""

    def format(self, record):
        # Put together here: of an answer that is kept, an encoder of any object would take a fourth of the time.
        second = int(record.created)
        line = (
            f'{{"time": "{_second(second)}.{int((record.created - second) * 1000):03d}+00:00", '
            f'"level": "{record.levelname}", "logger": {_json_string(record.name)}, '
            f'"message": {_json_string(record.getMessage())}'
        )
        if identifier := request_id.get():
            line += f', "request_id": {_json_string(identifier)}'
        more = record.__dict__
        if "duration_ms" in more:
            line += (
                f', "method": {_json_string(more["method"])}, "path": {_json_string(more["path"])}, '
                f'"status": {more["status"]:d}, "duration_ms": {more["duration_ms"]:.1f}'
            )
        if record.exc_info:
            line += f', "exception": {_json_string(self.formatException(record.exc_info))}'
        line += "}"
        # Of C0 there is nothing left. Nearly all lines are ASCII, which a text knows of itself.
        return line if line.isascii() else _CONTROL_CHARACTERS.sub(_as_json, line)


@lru_cache(2)
def _second(second):
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _as_json(found):
    return f"\\u{ord(found[0]):04x}"


class TextFormatter(logging.Formatter):
    """For people: time, level and message in a line, an exception indented below it. No stranger writes a line."""

    def __init__(self):
        super().__init__("{asctime} {levelname:<7} {message}", "%H:%M:%S", style="{")

    def formatMessage(self, record):
        return _CONTROL_CHARACTERS.sub(_escape_control, super().formatMessage(record))

    def formatException(self, exception):
        lines = super().formatException(exception).split("\n")
        return "\n".join(f"    {_CONTROL_CHARACTERS.sub(_escape_control, line)}" for line in lines)


def _escape_control(found):
    return found[0].encode("unicode_escape").decode()


def request_identifier(given: str) -> str:
    """Return a request's id: the one that came with it, where it is well-formed, else a new one."""
    return given if given and _WELL_FORMED.fullmatch(given) else os.urandom(16).hex()


class RequestLogMiddleware:
    """Middleware, the first: gives each request an id, returns it, and logs the answer in one line.

    An X-Request-Id from outside is taken when it is well-formed, else one is
    made. The query string is not logged: it holds what a visitor looks for.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        given = request_identifier(request.META.get("HTTP_X_REQUEST_ID", ""))
        token = request_id.set(given)
        start = time.perf_counter()
        try:
            response = self.get_response(request)
            response["X-Request-Id"] = given
            if response.status_code >= 500:
                # As Django does after all middleware, where the id is forgotten; it does so once.
                log_response("%s: %s", response.reason_phrase, request.path, response=response, request=request)
            self.log(request, response, (time.perf_counter() - start) * 1000)
        finally:
            request_id.reset(token)
        return response

    def log(self, request, response, duration):
        # A platform asks every few seconds; only a failing probe is news.
        if getattr(response, "is_probe", False) and response.status_code == 200:
            return
        log_request(request.method, request.path, response.status_code, duration)


def requests_are_logged() -> bool:
    """Whether a request that went well has a line."""
    return _requests.isEnabledFor(logging.INFO)


def log_request(method: str, path: str, status: int, duration: float, identifier: str | None = None):
    """Log an answer, which took ``duration`` ms. The id is that of the request being handled, unless one is given."""
    level = logging.INFO
    if status >= 500:
        level = logging.ERROR
    elif status >= 400 and status != 404:
        level = logging.WARNING
    token = request_id.set(identifier) if identifier else None
    if _requests.isEnabledFor(level):
        # As Logger.log makes it, which walks the stack for the caller's file and line.
        record = logging.LogRecord(_requests.name, level, __file__, 0, "%s %s %d", (method, path, status), None)
        record.method, record.path, record.status, record.duration_ms = method, path, status, round(duration, 1)
        _requests.handle(record)
    if token:
        request_id.reset(token)
