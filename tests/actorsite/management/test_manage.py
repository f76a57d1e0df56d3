"""Commands report a database error in one line."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

from actorsite import __version__
from tests.postgres import free_port
from tests.project.test_make_run import development
from tests.server import manage

pytestmark = pytest.mark.sqlite


def without_tls():
    return os.environ["TEST_DATABASE_URL"].replace("sslmode=disable", "sslmode=require")


def unreachable_server():
    return f"postgres://ada:hush@127.0.0.1:{free_port()}/none?sslmode=disable"


@pytest.mark.postgresql
def test_make_run_on_server_without_tls_explains_sslmode():
    done = subprocess.run(
        ["sh", "bin/run", sys.executable],
        cwd=settings.BASE_DIR,
        env=development(without_tls(), free_port()),
        capture_output=True,
        text=True,
        timeout=60,
    )
    [line] = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (1, "")
    assert line.startswith("The database cannot be used: ") and "server does not support SSL" in line
    assert line.endswith(" To connect without TLS, add `?sslmode=disable` to DATABASE_URL.")


@pytest.mark.postgresql
def test_release_on_server_without_tls_explains_sslmode():
    ended = manage("release", DATABASE_URL=without_tls(), RELEASE_PATIENCE="0")
    assert ended.returncode == 1
    assert ended.stderr.endswith(" To connect without TLS, add `?sslmode=disable` to DATABASE_URL.\n")


@pytest.mark.postgresql
@pytest.mark.parametrize("command", ["migrate", "seed", "ensure_superuser"])
def test_unreachable_server_is_reported_in_one_line(command):
    ended = manage(command, DATABASE_URL=unreachable_server())
    [line] = ended.stderr.splitlines()
    assert ended.returncode == 1
    assert "Connection refused" in line and "hush" not in line


@pytest.mark.parametrize("command", ["seed", "ensure_superuser"])
def test_unmigrated_database_is_reported_in_one_line(empty_database, command):
    ended = manage(command, DATABASE_URL=empty_database)
    [line] = ended.stderr.splitlines()
    assert ended.returncode == 1
    assert line.startswith("The database is not migrated. Run `manage.py migrate` first (")


def test_traceback_option_shows_the_traceback(empty_database):
    ended = manage("ensure_superuser", "--traceback", DATABASE_URL=empty_database)
    assert ended.returncode == 1 and ended.stderr.startswith("Traceback")


@pytest.mark.once
def test_version_is_printed_without_valid_environment():
    done = manage("version", DATABASE_URL="", SECRET_KEY="short")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{__version__}\n", "")
