"""Commands say in a line what is wrong with the database."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

from tests.postgres import free_port
from tests.project.test_make_run import database, development  # noqa: F401  a fixture
from tests.server import manage

pytestmark = pytest.mark.sqlite


def without_tls():
    return os.environ["TEST_DATABASE_URL"].replace("sslmode=disable", "sslmode=require")


def away():
    return f"postgres://ada:hush@127.0.0.1:{free_port()}/none?sslmode=disable"


@pytest.mark.postgresql
def test_make_run_on_a_server_without_tls_says_what_to_do():
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
    assert line.endswith(" To do without TLS, end DATABASE_URL in `?sslmode=disable`.")


@pytest.mark.postgresql
def test_release_says_so_too():
    ended = manage("release", DATABASE_URL=without_tls(), RELEASE_PATIENCE="0")
    assert ended.returncode == 1
    assert ended.stderr.endswith(" To do without TLS, end DATABASE_URL in `?sslmode=disable`.\n")


@pytest.mark.postgresql
@pytest.mark.parametrize("command", ["migrate", "seed", "ensure_superuser"])
def test_a_server_that_is_away_is_one_line(command):
    ended = manage(command, DATABASE_URL=away())
    [line] = ended.stderr.splitlines()
    assert ended.returncode == 1
    assert "Connection refused" in line and "hush" not in line


@pytest.mark.parametrize("command", ["seed", "ensure_superuser"])
def test_a_database_that_is_not_migrated_is_one_line(database, command):  # noqa: F811  the fixture that is imported
    ended = manage(command, DATABASE_URL=database)
    [line] = ended.stderr.splitlines()
    assert ended.returncode == 1
    assert line.startswith("The database is not migrated: run `manage.py migrate` first (")


def test_the_traceback_is_there_for_who_asks(database):  # noqa: F811  the fixture that is imported
    ended = manage("ensure_superuser", "--traceback", DATABASE_URL=database)
    assert ended.returncode == 1 and ended.stderr.startswith("Traceback")
