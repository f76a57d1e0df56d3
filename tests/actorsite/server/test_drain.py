"""Before it ends, the server process waits until the responses that the workers have written are sent."""

import contextlib
import signal
import socket
import threading
import time

import pytest

from actorsite.server import drain
from tests.server import Server, migrated_database

PATH = "/static/admin/js/vendor/jquery/jquery.min.js"


@contextlib.contextmanager
def slow_reader(port):
    """Yield a connected socket with a tiny receive buffer, which accepts almost no data until it is read."""
    with socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        reader.settimeout(10)
        reader.connect(("127.0.0.1", port))
        yield reader


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def accept(listener):
    """Accept a connection whose send buffer takes 60,000 bytes at once."""
    connection, _ = listener.accept()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 100_000)
    connection.settimeout(10)
    return connection


def read(reader, pause=0.0):
    """Return everything that ``reader`` receives, read in small parts with a ``pause`` after each."""
    parts = []
    while part := reader.recv(4096):
        parts.append(part)
        time.sleep(pause)
    return b"".join(parts)


def test_wait_until_sent_waits_for_bytes_of_closed_connection(listener):
    port = listener.getsockname()[1]
    with slow_reader(port) as reader:
        connection = accept(listener)
        connection.sendall(b"x" * 60_000)
        connection.close()
        assert drain.has_unsent_bytes(port)
        received = []
        thread = threading.Thread(target=lambda: received.append(read(reader, 0.01)))
        thread.start()
        drain.wait_until_sent(port, 20)
        assert not drain.has_unsent_bytes(port)
        thread.join(1)
        assert [len(response) for response in received] == [60_000]


def test_wait_until_sent_ends_at_its_time_limit(listener):
    port = listener.getsockname()[1]
    with slow_reader(port), accept(listener) as connection:
        connection.sendall(b"x" * 60_000)
        drain.wait_until_sent(port, 0.3)
        assert drain.has_unsent_bytes(port)
        # Unsent bytes of another port do not count.
        assert not drain.has_unsent_bytes(port - 1)


def test_server_sends_whole_response_before_it_ends():
    with migrated_database() as url, Server(url) as server:
        length = int(server.request("HEAD", PATH)[1]["Content-Length"])
        with slow_reader(server.port) as reader:
            reader.sendall(f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            time.sleep(0.5)
            server.process.send_signal(signal.SIGTERM)
            # The workers have ended: they have written everything. The server then waits for at most 8 s.
            end = time.monotonic() + 7
            while "Shutting down: Master" not in server.log and time.monotonic() < end:
                time.sleep(0.05)
            assert "Shutting down: Master" in server.log
            time.sleep(0.5)
            assert server.process.poll() is None
            assert len(read(reader).partition(b"\r\n\r\n")[2]) == length
        assert server.process.wait(timeout=10) == 0
