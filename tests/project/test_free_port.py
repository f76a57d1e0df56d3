"""Each test process gets its own free ports for the servers that it starts."""

import socket
import subprocess
import sys

import pytest
from django.conf import settings

from tests import postgres
from tests.postgres import PORTS_PER_PROCESS, free_port


def ports_of(worker):
    """Return ten ports that ``free_port`` returns in the pytest-xdist process ``worker``."""
    program = "from tests.postgres import free_port; print(*(free_port() for _ in range(10)))"
    environment = {"PYTEST_XDIST_WORKER": worker}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=settings.BASE_DIR, env=environment, capture_output=True, check=True
    )
    return {int(port) for port in done.stdout.split()}


def test_free_ports_of_test_processes_are_separate():
    ports = [ports_of(f"gw{number}") for number in range(3)]
    assert all(len(each) == 10 for each in ports)
    assert [sorted({port // PORTS_PER_PROCESS for port in each}) for each in ports] == [[10], [11], [12]]


def test_port_in_use_is_skipped(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken, free = server.getsockname()[1], free_port()
        monkeypatch.setattr(postgres, "_ports", iter([taken, free]))
        assert free_port() == free


def test_error_is_raised_if_every_port_is_in_use(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(postgres, "_ports", iter([server.getsockname()[1]] * PORTS_PER_PROCESS))
        with pytest.raises(RuntimeError, match="all in use"):
            free_port()
