"""The log: its formats, its fields, and what is never logged."""

import json
import logging
import subprocess
import sys
import threading

import pytest
from django.test import RequestFactory
from django.utils.translation import gettext_lazy

from actorsite.observability import logging as logs
from tests.server import ROOT, environment

pytestmark = pytest.mark.once


def line(form="json", exception=None, **extra):
    record = logging.LogRecord("actors", logging.INFO, __file__, 1, "Saw %s\nand more", ("梁朝偉",), exception)
    record.__dict__.update(extra)
    return {"json": logs.JSONFormatter, "text": logs.TextFormatter}[form]().format(record)


def test_record_with_newlines_is_one_line_of_json():
    written = line(method="GET", path="/a\nb", status=200, duration_ms=1.5)
    assert "\n" not in written
    found = json.loads(written)
    assert found.pop("time").endswith("+00:00")
    assert found == {
        "level": "INFO",
        "logger": "actors",
        "message": "Saw 梁朝偉\nand more",
        "method": "GET",
        "path": "/a\nb",
        "status": 200,
        "duration_ms": 1.5,
    }


def test_json_record_contains_extra_fields():
    """Regression: extra fields were dropped."""
    extra = {"film": 7, "names": ["梁朝偉"], "ratio": 0.5, "none": None, "lazy": gettext_lazy("Films")}
    found = json.loads(line(**extra))
    assert {name: found[name] for name in extra} == extra | {"lazy": "Films"}


def test_json_record_contains_the_stack(caplog):
    """Regression: the stack was dropped."""
    logging.getLogger("actors").error("Here", stack_info=True)
    written = logs.JSONFormatter().format(caplog.records[0])
    assert len(written.splitlines()) == 1
    assert "test_json_record_contains_the_stack" in json.loads(written)["stack_info"]


def test_extra_fields_do_not_replace_standard_fields():
    fields = {"time", "level", "logger", "message", "request_id", "exception"}
    error = ValueError("no such actor")
    record = logging.LogRecord("actors", logging.ERROR, __file__, 1, "Saw", (), (ValueError, error, None))
    record.__dict__.update(dict.fromkeys(fields, "extra"))
    token = logs.request_id.set("this-is-mine")
    found = json.loads(logs.JSONFormatter().format(record))
    logs.request_id.reset(token)
    assert set(found) == fields
    assert "extra" not in found.values()


def test_request_in_record_is_not_logged():
    """Django attaches the request to its records, and its repr has the query string."""
    request = RequestFactory().get("/?q=private")
    assert "private" not in line(request=request, status_code=400)


LOOP = []
LOOP.append(LOOP)
DEEP = []
for _ in range(100_000):
    DEEP = [DEEP]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {(1, 2): 3}, LOOP, DEEP, {1}, b"x", ValueError("x")])
def test_extra_fields_of_any_type_are_logged_as_json(value):
    """Regression: a record that JSON cannot encode was lost."""
    found = json.loads(line(value=value, film=7), parse_constant=pytest.fail)
    assert found["message"] == "Saw 梁朝偉\nand more"
    assert found["film"] == 7
    assert "value" in found


def test_dict_message_is_logged_as_fields_and_text():
    record = logging.LogRecord("actors", logging.INFO, __file__, 1, {"film": 7, "level": "none"}, (), None)
    found = json.loads(logs.JSONFormatter().format(record))
    assert (found["film"], found["level"], found["message"]) == (7, "INFO", "{'film': 7, 'level': 'none'}")


@pytest.mark.parametrize("path", ["/", '/梁🎬"\\', "/\x7f", "/\n\x85"])
@pytest.mark.parametrize("identifier", ["this-is-mine", None])
def test_request_record_equals_output_of_python_json_logger(path, identifier, caplog):
    """The formatter writes request records without the library, with the same fields in the same order."""
    caplog.set_level(logging.INFO)
    logs.log_request("GET", path, 404, 1.2345, identifier)
    [record] = caplog.records
    plain = logging.LogRecord(record.name, record.levelno, record.pathname, 0, record.msg, record.args, None)
    plain.__dict__.update(record.__dict__)
    token = logs.request_id.set(identifier)
    written, expected = logs.JSONFormatter().format(record), logs.JSONFormatter().format(plain)
    logs.request_id.reset(token)
    assert written == expected
    assert json.loads(written)["duration_ms"] == 1.2


def test_any_character_of_a_path_survives_json():
    path = "".join(map(chr, range(0x250))) + '\u2028\u2029\ufeff\U0001f3ac\\"/'
    written = line(method='"', path=path, status=404, duration_ms=0.0)
    found = json.loads(written)
    assert (found["method"], found["path"], found["status"], found["duration_ms"]) == ('"', path, 404, 0)
    assert len(written.splitlines()) == 1 and "🎬" in written


def test_exception_is_logged_as_one_field():
    try:
        raise ValueError("no such actor")
    except ValueError as error:
        written = line(exception=(ValueError, error, error.__traceback__))
    assert "\n" not in written
    assert json.loads(written)["exception"].endswith("ValueError: no such actor")


@pytest.mark.parametrize(
    ("name", "status", "brief"),
    [("django.security.TooManyFieldsSent", 400, True), ("django.request", 503, True), ("django.request", 500, False)],
)
def test_suspicious_requests_and_outages_log_no_traceback(name, status, brief):
    """Other errors are logged with a traceback."""
    error = ValueError("lost\nthe server")
    record = logging.LogRecord(name, logging.ERROR, __file__, 1, "Failed: %s", ("/",), (ValueError, error, None))
    record.status_code = status
    assert logs.OneLineFilter().filter(record)
    written = json.loads(logs.JSONFormatter().format(record))
    assert written["message"] == ("Failed: / (ValueError: lost the server)" if brief else "Failed: /")
    assert ("exception" in written) is not brief


def test_exception_in_a_thread_is_logged_as_one_record(caplog, monkeypatch):
    monkeypatch.setattr(threading, "excepthook", logs.log_thread_failure)
    for failure in (SystemExit, ValueError("no such actor")):
        thread = threading.Thread(target=lambda failure=failure: raise_(failure), name="look")
        thread.start()
        thread.join()
    [record] = caplog.records
    written = json.loads(logs.JSONFormatter().format(record))
    assert (written["level"], written["message"]) == ("ERROR", "The thread look failed.")
    assert written["exception"].endswith("ValueError: no such actor")


def raise_(exception):
    raise exception


def test_text_format_escapes_newlines():
    assert line("text").endswith("INFO    Saw 梁朝偉\\nand more")


@pytest.mark.parametrize("form", ["json", "text"])
def test_delete_character_in_an_ascii_line_is_escaped(form):
    """Regression: DEL is ASCII, and ASCII lines were not escaped."""
    record = logging.LogRecord("actors", logging.INFO, __file__, 1, "Saw \x7f", (), None)
    assert "\x7f" not in {"json": logs.JSONFormatter, "text": logs.TextFormatter}[form]().format(record)


CONTROLS = [*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0)), *"\u2028\u2029\u202e\u2066"]


@pytest.mark.parametrize("form", ["json", "text"])
def test_control_characters_of_requests_and_exceptions_are_escaped(form):
    """Control characters can be in the path of a request and in the message of an exception."""
    text = "/x" + "".join(CONTROLS)
    error = ValueError(f"{text}\n14:00:00 ERROR   FAKE")
    record = logging.LogRecord("actors", logging.ERROR, __file__, 1, "Saw %s", (text,), (ValueError, error, None))
    record.stack_info = f"Stack\n{text}"
    record.plain, record.nested = text, {text: [text]}
    written = {"json": logs.JSONFormatter, "text": logs.TextFormatter}[form]().format(record)
    first, *below = written.split("\n")
    assert not set(CONTROLS) & set(first + "".join(below))
    assert all(line.startswith("    ") for line in below) and (form == "text" or not below)
    if form == "json":
        found = json.loads(written)
        assert (found["message"], found["plain"], found["nested"]) == (f"Saw {text}", text, {text: [text]})


def test_failing_probe_logs_request_id_in_each_record(client, caplog, monkeypatch):
    from actorsite.observability import health

    monkeypatch.setattr(health, "is_draining", lambda: True)
    ids = []
    caplog.handler.addFilter(lambda record: ids.append(logs.request_id.get()) or True)
    client.get("/readyz", headers={"X-Request-Id": "this-is-mine"})
    assert [record.getMessage() for record in caplog.records] == ["Service Unavailable: /readyz", "GET /readyz 503"]
    assert ids == ["this-is-mine"] * 2
    caplog.handler.filters.clear()


@pytest.mark.parametrize("form", ["json", "text"])
def test_non_ascii_path_is_logged_in_the_c_locale(form):
    code = (
        f"import logging.config; from actorsite.observability import logging as logs; "
        f"logging.config.dictConfig(logs.logging_config('INFO', {form!r})); "
        f"logs.log_request('GET', {'/梁🎬' + chr(0xDC80)!a}, 404, 1.5, 'this-is-mine')"
    )
    variables = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment(**variables), capture_output=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert "/梁🎬\\udc80" in done.stdout.decode() and len(done.stdout.splitlines()) == 1


@pytest.mark.parametrize("identifier", ["0123abcd-EF.x_y", "a" * 128])
def test_well_formed_request_id_is_kept(client, identifier, caplog):
    assert client.get("/nowhere", headers={"X-Request-Id": identifier})["X-Request-Id"] == identifier


@pytest.mark.parametrize("identifier", ["short", "a" * 129, "has spaces in it", "naïve-naïve", 'quote"quote', ""])
def test_malformed_request_id_is_replaced(client, identifier):
    new_identifier = client.get("/nowhere", headers={"X-Request-Id": identifier})["X-Request-Id"]
    assert new_identifier != identifier
    assert len(new_identifier) == 32


def test_request_is_logged_as_one_line_without_query(client, caplog):
    caplog.set_level(logging.INFO)
    client.get("/nowhere?q=private")
    [record] = caplog.records
    assert (record.method, record.path, record.status) == ("GET", "/nowhere", 404)
    assert record.levelname == "INFO"
    assert "private" not in logs.JSONFormatter().format(record)


def test_successful_probe_is_not_logged(client, caplog, tmp_path, monkeypatch):
    from actorsite.observability import health

    caplog.set_level(logging.INFO)
    client.get("/livez")
    assert caplog.records == []
    monkeypatch.setattr(health, "HEALTH_FILE", tmp_path / "healthy")
    health.HEALTH_FILE.write_text("ill")
    client.get("/health")
    assert [record.levelname for record in caplog.records if record.name == "actorsite.requests"] == ["ERROR"]
