"""What is logged, in which form, and what never is."""

import json
import logging
import threading

import pytest

from actorsite import logs

pytestmark = pytest.mark.once


def line(form="json", exception=None, **extra):
    record = logging.LogRecord("actors", logging.INFO, __file__, 1, "Saw %s\nand more", ("梁朝偉",), exception)
    record.__dict__.update(extra)
    return {"json": logs.JSONFormatter, "text": logs.TextFormatter}[form]().format(record)


def test_json_is_one_line_whatever_is_said():
    written = line(method="GET", path="/a\nb", status=200, duration_ms=1.5, unknown=object())
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


def test_any_text_is_json_as_it_is():
    path = "".join(map(chr, range(0x250))) + '\u2028\u2029\ufeff\U0001f3ac\\"/'
    written = line(method='"', path=path, status=404, duration_ms=0.0)
    found = json.loads(written)
    assert (found["method"], found["path"], found["status"], found["duration_ms"]) == ('"', path, 404, 0)
    assert (
        len(written.splitlines()) > 1 and "\n" not in written and "🎬" in written
    )  # U+0085 and others end no line of a log


def test_an_exception_is_one_field():
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
def test_strangers_and_outages_get_no_traceback(name, status, brief):
    """A fault of our own does."""
    error = ValueError("lost\nthe server")
    record = logging.LogRecord(name, logging.ERROR, __file__, 1, "Failed: %s", ("/",), (ValueError, error, None))
    record.status_code = status
    assert logs.Brief().filter(record)
    written = json.loads(logs.JSONFormatter().format(record))
    assert written["message"] == ("Failed: / (ValueError: lost the server)" if brief else "Failed: /")
    assert ("exception" in written) is not brief


def test_a_thread_that_fails_is_one_line_too(caplog, monkeypatch):
    monkeypatch.setattr(threading, "excepthook", logs.thread_failed)
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


def test_text_is_for_people():
    assert line("text").endswith("INFO    Saw 梁朝偉\nand more")


@pytest.mark.parametrize("given", ["0123abcd-EF.x_y", "a" * 128])
def test_a_well_formed_request_id_is_kept(client, given, caplog):
    assert client.get("/nowhere", headers={"X-Request-Id": given})["X-Request-Id"] == given


@pytest.mark.parametrize("given", ["short", "a" * 129, "has spaces in it", "naïve-naïve", 'quote"quote', ""])
def test_another_is_replaced(client, given):
    made = client.get("/nowhere", headers={"X-Request-Id": given})["X-Request-Id"]
    assert made != given
    assert len(made) == 32


def test_a_request_is_one_line_without_its_query(client, caplog):
    caplog.set_level(logging.INFO)
    client.get("/nowhere?q=private")
    [record] = caplog.records
    assert (record.method, record.path, record.status) == ("GET", "/nowhere", 404)
    assert record.levelname == "INFO"
    assert "private" not in logs.JSONFormatter().format(record)


def test_a_good_probe_is_not_logged(client, caplog, tmp_path, monkeypatch):
    from actorsite import probes

    caplog.set_level(logging.INFO)
    client.get("/livez")
    assert caplog.records == []
    monkeypatch.setattr(probes, "HEALTH_FILE", tmp_path / "healthy")
    probes.HEALTH_FILE.write_text("ill")
    client.get("/health")
    assert [record.levelname for record in caplog.records if record.name == "actorsite.requests"] == ["ERROR"]
