"""Database outages of every kind: the site returns 503 in time, and recovers by itself."""

import json
import os
import re
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import urlencode

import psycopg2
import pytest

from tests.database import cursor_of
from tests.postgres import PostgreSQL
from tests.server import Server, manage

# One PostgreSQL server for all tests; each test makes it unavailable.
pytestmark = [pytest.mark.postgresql, pytest.mark.xdist_group("outage")]

# Not a canonical URL, so it is never cached: see actorsite.page_cache.wsgi.
PAGE = "/?q=mifune&uncached"
CACHED = "/"
ADA = {"DJANGO_SUPERUSER_USERNAME": "ada", "DJANGO_SUPERUSER_PASSWORD": "countess-of-lovelace"}


@pytest.fixture(scope="module")
def postgres():
    server = PostgreSQL(options=("-c", "max_connections=12", "-c", "superuser_reserved_connections=0"))
    with cursor_of(server.url()) as cursor:
        cursor.execute("CREATE DATABASE outage")
    try:
        for command in (["migrate", "--verbosity", "0"], ["ensure_superuser"]):
            ended = manage(*command, DATABASE_URL=server.url("outage"), **ADA)
            assert ended.returncode == 0, ended.stderr
        yield server
    finally:
        for pid in server.pids():
            os.kill(pid, signal.SIGCONT)
        server.stop()


@pytest.fixture(scope="module")
def server(postgres):
    with Server(postgres.url("outage"), WEB_THREADS="4") as running:
        yield running


@pytest.fixture(autouse=True)
def recovered(server):
    """Wait before and after each test until the site serves pages."""
    wait_until_served(server, 5)
    yield
    wait_until_served(server, 5)


def wait_until_served(server, patience):
    """Wait for a page and readiness, at most ``patience`` seconds."""
    start = time.monotonic()
    while (page := server.get(PAGE)[0], ready := server.get("/readyz")[0]) != (200, 200):
        assert time.monotonic() - start < patience, f"page {page}, readiness {ready}:\n{server.log[-1500:]}"
        time.sleep(0.02)


def sign_in(server):
    """Sign in as Ada; return the result of ``Server.request``."""
    page = server.get("/admin/login/")
    token = re.search(rb'name="csrfmiddlewaretoken" value="(\w+)"', page[2])[1].decode()
    form = {"username": "ada", "password": "countess-of-lovelace", "csrfmiddlewaretoken": token, "next": "/admin/"}
    headers = {
        "Cookie": page[1]["Set-Cookie"].split(";")[0],
        "Content-Type": "application/x-www-form-urlencoded",
    }
    return server.request("POST", "/admin/login/", headers, urlencode(form))


def within(seconds, ask):
    """Return the result of ``ask``, which must take less than ``seconds`` in one of three attempts."""
    taken = []
    for _ in range(3):
        start = time.monotonic()
        response = ask()
        taken.append(time.monotonic() - start)
        if taken[-1] < seconds:
            return response
    raise AssertionError(f"took {taken} s, not {seconds}")


def assert_unavailable(server, ask=lambda server: server.get(PAGE)):
    """Assert that a page returns 503 with Retry-After within 3 s."""
    status, headers, body = within(3, lambda: ask(server))
    assert status == 503, server.log[-1500:]
    assert headers["Retry-After"].isdecimal()
    assert headers["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert b"<h1" in body


def assert_files_are_unavailable(server):
    """Assert that data files return 503 within 3 s, neither a 500 nor a file that is cut off."""
    for path in ("/actors.csv", "/actors.ndjson", "/actors.ndjson?living=no", "/films.csv"):
        status, headers, body = within(3, lambda path=path: server.get(path))
        assert (status, headers["Content-Type"]) == (503, "application/problem+json"), (path, status, body)
        assert headers["Retry-After"].isdecimal()


def assert_alive_but_not_ready(server):
    """Assert that /livez returns 200 and /readyz returns 503; return the reason that /readyz gives."""
    assert within(1, lambda: server.get("/livez"))[0] == 200
    status, _, body = within(2.5, lambda: server.get("/readyz"))
    assert status == 503
    return body.decode()


@contextmanager
def hung(postgres):
    """Suspend all processes of the server: the kernel accepts connections, but no process answers."""
    stopped = postgres.pids()
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in reversed(stopped):
            os.kill(pid, signal.SIGCONT)


def test_site_returns_503_while_the_database_is_stopped(postgres, server):
    server.get(CACHED)
    postgres.stop_server(mode="immediate")
    try:
        assert_unavailable(server)
        assert_unavailable(server, lambda server: server.get(CACHED))
        assert_files_are_unavailable(server)
        time.sleep(0.6)
        assert "does not answer" in assert_alive_but_not_ready(server)
    finally:
        postgres.start()
    wait_until_served(server, 3)


def test_site_returns_503_in_time_while_the_database_hangs(postgres, server):
    server.get(CACHED)
    with hung(postgres):
        assert_unavailable(server, lambda server: server.get(CACHED))
        assert_unavailable(server)
        assert_files_are_unavailable(server)
        assert_alive_but_not_ready(server)
    wait_until_served(server, 3)


def test_site_with_many_visitors_returns_503_while_database_hangs(postgres, server):
    """Waits do not add up, and /livez still returns 200, so that Kubernetes restarts no pod."""
    with hung(postgres), ThreadPoolExecutor(20) as visitors:
        assert_unavailable(server)
        responses = [visitors.submit(assert_unavailable, server) for _ in range(60)]
        assert_alive_but_not_ready(server)
        for response in responses:
            response.result()
    wait_until_served(server, 3)


def test_site_returns_503_if_the_database_hangs_during_a_query(postgres, server):
    """A stopped server cannot apply its statement_timeout."""
    with cursor_of(postgres.url("outage")) as cursor:
        cursor.execute("BEGIN; LOCK TABLE actor")
        waiting = threading.Thread(target=assert_unavailable, args=[server])
        waiting.start()
        time.sleep(0.3)
        with hung(postgres):
            waiting.join(10)
            assert not waiting.is_alive()
    wait_until_served(server, 3)


def test_slow_query_is_canceled_by_statement_timeout(postgres, server):
    """PostgreSQL itself cancels the statement, so it does not continue for a client that has disconnected."""
    start = len(server.log)
    with cursor_of(postgres.url("outage")) as cursor:
        cursor.execute("BEGIN; LOCK TABLE actor; LOCK TABLE django_migrations")
        time.sleep(0.6)
        assert_unavailable(server)
        assert_alive_but_not_ready(server)
    assert "canceling statement due to statement timeout" in server.log[start:]
    wait_until_served(server, 3)


def test_site_returns_503_in_time_if_a_table_is_locked(postgres, server):
    """A data file may search for its rows for 10 s, but waits less than that for a lock."""
    with cursor_of(postgres.url("outage")) as cursor:
        cursor.execute("BEGIN; LOCK TABLE actor, actors_film")
        assert_files_are_unavailable(server)
        assert_unavailable(server)
    wait_until_served(server, 3)


def test_site_on_read_only_database_serves_reads_but_no_writes(postgres, server):
    """Reads succeed, writes return 503, and the site is not ready."""
    with cursor_of(postgres.url()) as cursor:
        cursor.execute("ALTER DATABASE outage SET default_transaction_read_only = on")
        drop_connections(cursor)
        try:
            time.sleep(0.6)
            assert [server.get(PAGE)[0] for _ in range(20)] == [200] * 20
            assert_unavailable(server, sign_in)
            assert "read-only" in assert_alive_but_not_ready(server)
        finally:
            cursor.execute("ALTER DATABASE outage RESET default_transaction_read_only")
    wait_until_served(server, 3)
    # Each of the four threads may still have a read-only connection. The first refused write makes all reconnect.
    responses = [sign_in(server)[0] for _ in range(20)]
    assert sorted(responses) in ([302] * 20, [302] * 19 + [503])


def test_outage_logs_no_traceback(postgres, server):
    start = len(server.log)
    with hung(postgres):
        assert_unavailable(server)
    assert "Traceback" not in server.log[start:]
    assert "OperationalError" in server.log[start:]


def test_site_returns_503_without_free_database_connections(postgres, server):
    with cursor_of(postgres.url()) as cursor:
        drop_connections(cursor)
    taken = []
    try:
        while True:
            taken.append(psycopg2.connect(postgres.url()))
    except psycopg2.OperationalError:
        pass
    try:
        assert_unavailable(server)
        time.sleep(0.6)
        assert_alive_but_not_ready(server)
    finally:
        for connection in taken:
            connection.close()
    wait_until_served(server, 3)


@pytest.fixture
def wrong_password(postgres):
    """Yield a database URL with a wrong password."""
    hba = postgres.data / "pg_hba.conf"
    rules = hba.read_text()
    with cursor_of(postgres.url()) as cursor:
        cursor.execute("CREATE ROLE grace LOGIN PASSWORD 'right'")
        hba.write_text(f"host all grace all scram-sha-256\n{rules}")
        cursor.execute("SELECT pg_reload_conf()")
        time.sleep(0.2)
        try:
            yield postgres.url("outage").replace("postgres@", "grace:hush-hush@")
        finally:
            hba.write_text(rules)
            cursor.execute("SELECT pg_reload_conf()")
            cursor.execute("DROP ROLE grace")


def test_wrong_database_password_is_reported_in_log_and_readyz(postgres, wrong_password):
    with Server(wrong_password, WEB_THREADS="4") as refused:
        for _ in range(10):
            assert refused.get(PAGE)[0] == refused.get(CACHED)[0] == 503
        reason = "password authentication failed for user"
        lines = [json.loads(line) for line in refused.log.splitlines()]
        [record] = [line for line in lines if line["logger"] == "actorsite.db.postgresql"]
        assert record["message"].endswith(f'{reason} "grace"') and record["level"] == "ERROR"
        responses = [line["message"] for line in lines if line["message"].startswith("Service Unavailable: ")]
        assert len(responses) == 20 and all(reason in response for response in responses)
        assert refused.get("/readyz")[::2] == (503, f"The database does not answer: {reason} ….".encode())
        assert "hush" not in refused.log


def test_missing_database_is_reported_in_log_and_readyz(postgres):
    with Server(postgres.url("nowhere")) as refused:
        assert refused.get(PAGE)[0] == 503
        assert 'database \\"nowhere\\" does not exist' in refused.log
        assert refused.get("/readyz")[::2] == (503, "The database does not answer: database … does not exist.".encode())


def drop_connections(cursor):
    cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'outage'")
    time.sleep(0.1)
