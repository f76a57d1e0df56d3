"""A gunicorn server with the site, from its start to SIGTERM."""

import http.client
import json
import re
import signal
import socket
import time

import pytest

from tests.server import Server, migrated_database

# Run in one process: all tests of the module use one server.
pytestmark = pytest.mark.xdist_group("serving")


@pytest.fixture(scope="module")
def database_url():
    with migrated_database() as url:
        yield url


@pytest.fixture(scope="module")
def server(database_url):
    with Server(database_url) as running:
        yield running


def test_server_is_alive_and_ready(server):
    assert server.get("/livez")[::2] == (200, b"alive")
    assert server.get("/readyz")[::2] == (200, b"ready")
    assert server.get("/health")[::2] == (200, b"healthy")


def test_query_of_7000_characters_returns_414(server):
    assert server.get("/?q=" + "a" * 7000)[0] == 414


def log_after(server, start):
    """Return the log lines after the first ``start`` characters, each parsed as JSON."""
    time.sleep(0.1)
    return [json.loads(line) for line in server.log[start:].splitlines()]


def test_unknown_host_header_returns_400_and_logs_one_line(server):
    start = len(server.log)
    for host in ("evil.example", "localhost:port", "a b", "localhost@evil.example"):
        assert server.get("/", {"Host": host})[0] == 400
    lines = log_after(server, start)
    assert [(line["level"], line["status"]) for line in lines] == [("WARNING", 400)] * 4
    assert "exception" not in lines[0]


def test_forged_proxy_headers_are_ignored(server):
    forged = {"X-Forwarded-Host": "evil.example", "X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "https"}
    status, headers, body = server.get("/", forged)
    assert status == 200
    assert b"evil.example" not in body
    assert "Strict-Transport-Security" not in headers


@pytest.mark.parametrize("method", ["TRACE", "DELETE", "POST", "PUT", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("path", ["/", "/spotlight/", "/actors/1-x/", "/livez"])
def test_unsupported_method_on_public_page_returns_405(server, method, path):
    status, headers, _ = server.request(method, path)
    assert status == 405
    assert {"GET", "HEAD"} <= set(headers["Allow"].replace(" ", "").split(","))


@pytest.mark.parametrize("languages", ["en-GB," * 1700, "xx-invalid", "*", "q=;;;,", "zz;q=9,\xff"])
def test_invalid_accept_language_falls_back_to_english(server, languages):
    status, headers, body = server.get("/", {"Accept-Language": languages})
    assert (status, headers["Content-Language"]) == (200, "en")
    assert b'<html lang="en"' in body


def test_range_request_for_a_page_returns_the_whole_page(server):
    status, _, body = server.get("/", {"Range": "bytes=0-9"})
    assert status == 200
    assert len(body) > 10


def test_static_file_is_immutable_and_supports_ranges(server):
    [style] = re.findall(rb'href="(/static/[^"]+\.css)"', server.get("/")[2])[:1]
    status, headers, body = server.get(style.decode(), {"Range": "bytes=0-9"})
    assert (status, len(body)) == (206, 10)
    assert "immutable" in headers["Cache-Control"]
    assert server.get(style.decode(), {"Range": "bytes=9999999-"})[0] == 416
    assert server.get(style.decode(), {"Accept-Encoding": "gzip"})[1]["Content-Encoding"] == "gzip"


def test_expect_100_continue_returns_100_before_the_response(server):
    response = server.raw(
        b"POST /spotlight/ HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
        b"Content-Length: 3\r\nConnection: close\r\n\r\na=b"
    )
    assert response.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 4")


def test_body_of_get_request_is_ignored(server):
    assert server.request("GET", "/", body=b"x" * 10_000)[0] == 200


def test_http_1_0_request_without_host_returns_200(server):
    assert re.match(rb"HTTP/1.[01] 200 ", server.raw(b"GET / HTTP/1.0\r\n\r\n"))


def test_http_1_1_request_without_host_returns_400(server):
    assert server.raw(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n").startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "data",
    [b"nonsense\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", b"\x16\x03\x01\x00"],
)
def test_malformed_http_request_returns_error_or_nothing(server, data):
    assert re.match(rb"$|HTTP/1.1 (400|505) ", server.raw(data))


def test_server_accepts_ipv6_connections(server):
    if not socket.has_dualstack_ipv6():
        pytest.skip("THIS MACHINE HAS NO IPv6: connections over IPv6 are not tested.")
    with socket.create_connection(("::1", server.port), timeout=5) as peer:
        peer.sendall(b"GET /livez HTTP/1.0\r\n\r\n")
        assert peer.recv(100).startswith(b"HTTP/1.")


def test_log_lines_are_json(server):
    server.get("/nowhere", {"X-Request-Id": "this-is-mine"})
    lines = log_after(server, 0)
    assert any(line["logger"] == "gunicorn.error" for line in lines)
    [mine] = [line for line in lines if line.get("request_id") == "this-is-mine"]
    assert (mine["method"], mine["path"], mine["status"]) == ("GET", "/nowhere", 404)
    assert all({"time", "level", "logger", "message"} <= set(line) for line in lines)


def test_server_after_sigterm_finishes_requests_and_exits_with_0(database_url):
    """A slow upload gets a response, and /readyz on a keep-alive connection returns 503."""
    with Server(database_url) as stopping:
        kept = http.client.HTTPConnection("127.0.0.1", stopping.port, timeout=5)
        kept.request("GET", "/readyz")
        assert kept.getresponse().read() == b"ready"
        with socket.create_connection(("127.0.0.1", stopping.port), timeout=10) as upload:
            upload.sendall(
                b"POST /admin/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n"
                b"Cookie: __Host-csrftoken=abcdefghijklmnopqrstuvwxyzabcdef\r\n"
                b"Content-Type: application/x-www-form-urlencoded\r\n\r\na=b&c"
            )
            time.sleep(0.3)
            stopping.process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            kept.request("GET", "/readyz")
            response = kept.getresponse()
            assert (response.status, response.read()) == (503, b"This process is stopping.")
            upload.sendall(b"=d&ef")
            assert b"".join(iter(lambda: upload.recv(65_536), b"")).startswith(b"HTTP/1.1 403 ")
        assert stopping.process.wait(timeout=10) == 0
        with pytest.raises(ConnectionRefusedError):
            stopping.get("/livez")
