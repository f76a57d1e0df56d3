"""Logs: one JSON object per line in production, text for people in development; and the request log."""

import json
import logging
import os
import re
import sys
import time
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any

from django.utils.log import log_response
from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.defaults import unknown_default
from pythonjsonlogger.json import JsonFormatter

from actorsite.observability.request_start import request_start

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
_WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{8,128}")
# Characters that end a line for some reader or control a terminal: C0, C1, line separators, bidirectional controls.
_CONTROL_CHARACTERS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
# What json.dumps raises for values that it cannot write.
_NO_JSON = (TypeError, ValueError, RecursionError)
_quote_json = json.JSONEncoder(ensure_ascii=False).encode
_requests = logging.getLogger("actorsite.requests")
_threads = logging.getLogger("actorsite.threads")


# No log line shows these values, so they are not collected: https://docs.python.org/3/howto/logging.html#optimization
logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
if hasattr(logging, "logAsyncioTasks"):  # from Python 3.12 on
    logging.logAsyncioTasks = False


def logging_config(level: str, form: str) -> dict:
    """Return the dictConfig for the site and for gunicorn; ``form`` is ``json`` or ``text``."""
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
            # Without their own handlers, which would log everything twice.
            "django": {"level": level, "handlers": [], "propagate": True},
            "gunicorn.error": {"level": level, "handlers": [], "propagate": True},
            # The request log has a line for each response; below ERROR, these repeat it for a client's error.
            "django.request": {"level": "ERROR"},
            "django.security.DisallowedHost": silent,
            # At INFO, this logger reports its own steps.
            "axes": {"level": "WARNING"},
            # runserver logs each request, as the request log already does.
            "django.server": silent,
        },
    }


def stdout_handler():
    """Return a handler for standard output that takes any text, also in the C locale, whose encoding is ASCII."""
    # Under pytest, standard output may be an object without this method.
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    return logging.StreamHandler(sys.stdout)


def log_thread_failure(failure):
    """Log the exception that ended a thread. Replaces threading.excepthook, whose output is not JSON."""
    if failure.exc_type is not SystemExit:
        exception = failure.exc_type, failure.exc_value, failure.exc_traceback
        _threads.error("The thread %s failed.", getattr(failure.thread, "name", "?"), exc_info=exception)


class OneLineFilter(logging.Filter):
    """Filter that replaces the traceback of a suspicious request or an outage with one line."""

    def filter(self, record):
        """Replace the traceback of a suspicious request or a 503 with one line. Return True: no record is dropped."""
        if record.exc_info and (record.name.startswith("django.security") or getattr(record, "status_code", 0) == 503):
            error = record.exc_info[1]
            record.msg = f"{record.getMessage()} ({type(error).__name__}: {' '.join(str(error).split())})"
            record.args, record.exc_info, record.exc_text = (), None, None
        return True


class RequestRecord(logging.LogRecord):
    """The record of the request log. It has no extra fields, exception or stack."""


class JSONFormatter(JsonFormatter):
    """Formatter that writes a record as one JSON object in one line.

    Fields: time, level, logger, message; request_id during a request; method,
    path, status and duration_ms in the request log; exception, stack_info and
    the fields of ``extra=`` if the record has them. An extra field with
    the name of another one is dropped.
    """

    def __init__(self):
        super().__init__(
            [],  # only the fields of add_fields
            rename_fields={"exc_info": "exception"},
            # Django attaches the request to its records. Its text has the query string, which is private.
            reserved_attrs=[*RESERVED_ATTRS, "request"],
            # Python would write NaN and Infinity, which are not valid JSON.
            json_serializer=partial(json.dumps, allow_nan=False),
            json_ensure_ascii=False,
        )

    def format(self, record):
        """Return the record as one line."""
        line = _request_line(record) if type(record) is RequestRecord else super().format(record)
        # JSON escapes only C0. Nearly all lines are ASCII, where DEL is the only one left.
        return line if line.isascii() and "\x7f" not in line else _CONTROL_CHARACTERS.sub(_escape_json, line)

    def add_fields(self, log_data, record, message_dict):
        """Add the site's fields; those of ``extra`` never replace them."""
        log_data.update(time=_time(record), level=record.levelname, logger=record.name, message=record.getMessage())
        if identifier := request_id.get():
            log_data["request_id"] = identifier
        if record.exc_info:
            log_data["exception"] = message_dict["exc_info"]
        others: dict[str, Any] = {}
        super().add_fields(others, record, message_dict)
        for name, value in others.items():
            log_data.setdefault(name, value)

    def jsonify_log_record(self, log_data):
        """Return the fields as JSON. Values that JSON cannot hold become text."""
        try:
            return super().jsonify_log_record(log_data)
        except _NO_JSON:
            return super().jsonify_log_record({str(name): self._encodable(value) for name, value in log_data.items()})

    def _encodable(self, value):
        """Return ``value``, or its text if JSON cannot hold it: NaN, a tuple as key, a list within itself."""
        try:
            super().jsonify_log_record({"": value})
        except _NO_JSON:
            return unknown_default(value)
        return value


def _request_line(record):
    # By hand: with python-json-logger, a page from the page cache takes 13 % more processor time, 0.06 ms of 0.48.
    # tests/actorsite/observability/test_logging.py compares this line with the library's.
    line = (
        f'{{"time": "{_time(record)}", "level": "{record.levelname}", "logger": {_quote_json(record.name)}, '
        f'"message": {_quote_json(record.getMessage())}'
    )
    if identifier := request_id.get():
        line += f', "request_id": {_quote_json(identifier)}'
    return (
        f'{line}, "method": {_quote_json(record.method)}, "path": {_quote_json(record.path)}, '
        f'"status": {record.status:d}, "duration_ms": {record.duration_ms:.1f}}}'
    )


def _time(record):
    second = int(record.created)
    return f"{_second(second)}.{int((record.created - second) * 1000):03d}+00:00"


@lru_cache(2)
def _second(second):
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _escape_json(match):
    return f"\\u{ord(match[0]):04x}"


class TextFormatter(logging.Formatter):
    """Formatter for people: time, level and message in one line; exception and stack indented below it.

    Control characters are escaped, so that text from a request cannot forge a line.
    """

    def __init__(self):
        super().__init__("{asctime} {levelname:<7} {message}", "%H:%M:%S", style="{")

    def formatMessage(self, record):  # noqa: N802  logging.Formatter's name
        """Return the message with escaped control characters."""
        return _CONTROL_CHARACTERS.sub(_escape_control, super().formatMessage(record))

    def formatException(self, exception):  # noqa: N802  logging.Formatter's name
        """Return the traceback, indented and with escaped control characters."""
        return _indent(super().formatException(exception))

    def formatStack(self, stack_info):  # noqa: N802  logging.Formatter's name
        """Return the stack, indented and with escaped control characters."""
        return _indent(super().formatStack(stack_info))


def _indent(text):
    return "\n".join(f"    {_CONTROL_CHARACTERS.sub(_escape_control, line)}" for line in text.split("\n"))


def _escape_control(match):
    return match[0].encode("unicode_escape").decode()


def request_identifier(header: str) -> str:
    """Return ``header``, the value of X-Request-Id, if it is well-formed, else a new id."""
    return header if header and _WELL_FORMED.fullmatch(header) else os.urandom(16).hex()


class RequestLogMiddleware:
    """Middleware that gives each request an id, returns it as X-Request-Id, and logs the response in one line.

    The query string is not logged: it contains what a visitor searches for.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        """Return the response to a request, and log it."""
        identifier = request_identifier(request.META.get("HTTP_X_REQUEST_ID", ""))
        token = request_id.set(identifier)
        start = request_start(request.META)
        try:
            response = self.get_response(request)
            response["X-Request-Id"] = identifier
            if response.status_code >= 500:
                # Django does this after all middleware, when the id is no longer set. It logs each response once.
                # Undocumented: no setting or signal makes Django log earlier.
                log_response("%s: %s", response.reason_phrase, request.path, response=response, request=request)
            self.log(request, response, (time.perf_counter() - start) * 1000)
        finally:
            request_id.reset(token)
        return response

    def log(self, request, response, duration):
        """Log ``response``, which took ``duration`` ms. The responses to successful probes are not logged."""
        # Platforms send probes every few seconds.
        if getattr(response, "is_probe", False) and response.status_code == 200:
            return
        log_request(request.method, request.path, response.status_code, duration)


def log_request(method: str, path: str, status: int, duration: float, identifier: str | None = None):
    """Log a response that took ``duration`` ms. ``identifier`` is by default that of the current request."""
    level = logging.INFO
    if status >= 500:
        level = logging.ERROR
    elif status >= 400 and status != 404:
        level = logging.WARNING
    token = request_id.set(identifier) if identifier else None
    if _requests.isEnabledFor(level):
        # Logger.log would walk the stack for the caller's file and line, which no line shows.
        record = RequestRecord(_requests.name, level, __file__, 0, "%s %s %d", (method, path, status), None)
        record.method, record.path, record.status, record.duration_ms = method, path, status, round(duration, 1)
        _requests.handle(record)
    if token:
        request_id.reset(token)
