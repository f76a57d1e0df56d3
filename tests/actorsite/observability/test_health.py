"""Health probes respond to any Host and scheme, and in any state of the database."""

import threading
from types import SimpleNamespace

import pytest
from django.db import InterfaceError
from django.db.migrations.recorder import MigrationRecorder
from psycopg2 import OperationalError

from actorsite.db import circuit_breaker
from actorsite.observability import health

pytestmark = pytest.mark.sqlite


@pytest.fixture
def readiness(monkeypatch):
    """Replace the module's Readiness with a new one that has no cached result, and return it."""
    fresh = health.Readiness()
    monkeypatch.setattr(health, "readiness", fresh)
    return fresh


def test_livez_uses_no_database(client):
    """The test has no ``django_db`` marker, so pytest-django makes any query fail."""
    response = client.get("/livez")
    assert (response.status_code, response.content) == (200, b"alive")


@pytest.mark.parametrize("path", ["/livez", "/health"])
def test_probes_return_200_for_any_host_without_redirect(client, path):
    """The kubelet sends probes to the pod's IP address over HTTP."""
    response = client.get(path, headers={"host": "10.1.2.3:5000"})
    assert response.status_code == 200
    assert "Set-Cookie" not in response.headers
    assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/health"])
def test_post_to_probe_returns_405(client, path):
    response = client.post(path)
    assert response.status_code == 405
    assert response["Allow"] == "GET, HEAD"


def test_head_request_to_probe_returns_no_body(client):
    response = client.head("/livez")
    assert (response.status_code, response.content) == (200, b"")


@pytest.mark.django_db(transaction=True)
def test_readyz_with_a_migrated_database_returns_200(client, readiness):
    response = client.get("/readyz")
    assert (response.status_code, response.content) == (200, b"ready")


@pytest.mark.django_db(transaction=True)
def test_readyz_names_the_missing_migration(client, readiness):
    MigrationRecorder.Migration.objects.filter(app="actors", name="0001_initial").delete()
    try:
        response = client.get("/readyz")
        assert response.status_code == 503
        assert response.content == b"Migrations are not applied: actors.0001_initial."
    finally:
        MigrationRecorder.Migration(app="actors", name="0001_initial").save()


def test_readyz_returns_503_if_the_database_hangs(client, readiness, monkeypatch):
    release = threading.Event()
    monkeypatch.setattr(health, "MAX_WAIT_SECONDS", 0.1)
    monkeypatch.setattr(health, "database_reason", lambda: release.wait(5) and "")
    response = client.get("/readyz")
    release.set()
    assert (response.status_code, response.content) == (503, b"The database did not answer within 0.1 s.")


def test_readyz_caches_the_result_of_the_database_check(client, readiness, monkeypatch):
    asked = []
    monkeypatch.setattr(health, "database_reason", lambda: asked.append(1) or "")
    for _ in range(5):
        assert client.get("/readyz").status_code == 200
    assert len(asked) == 1
    readiness.until = 0
    client.get("/readyz")
    assert len(asked) == 2


def test_readyz_returns_503_while_the_process_stops(client, monkeypatch):
    monkeypatch.setattr(health, "is_draining", lambda: True)
    response = client.get("/readyz")
    assert (response.status_code, response.content) == (503, b"This process is stopping.")


def test_readyz_checks_again_after_a_thread_fails_to_start(client, readiness, monkeypatch):
    """Regression: every later probe waited for a thread that had not started, and returned 503."""
    monkeypatch.setattr(health, "database_reason", lambda: "")
    monkeypatch.setattr(health, "MAX_WAIT_SECONDS", 0.5)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", lambda thread: raise_(RuntimeError("can't start new thread")))
        client.raise_request_exception = False
        response = client.get("/readyz")
    assert client.get("/readyz").content == b"ready"
    assert (response.status_code, response.content) == (
        503,
        b"The database check failed: can't start new thread.",
    )


def test_readyz_checks_again_after_connection_fails_to_close(client, readiness, monkeypatch):
    monkeypatch.setattr(health, "database_reason", lambda: "")
    monkeypatch.setattr(health, "MAX_WAIT_SECONDS", 0.5)
    broken = SimpleNamespace(close=lambda: raise_(InterfaceError("connection already closed")))
    with monkeypatch.context() as patched:
        patched.setattr(health, "connection", broken)
        response = client.get("/readyz")
    readiness.until = 0
    assert client.get("/readyz").content == b"ready"
    assert (response.status_code, response.content) == (
        503,
        b"The database does not answer: connection already closed.",
    )


def raise_(error):
    raise error


@pytest.mark.parametrize(
    ("text", "status", "body"), [(None, 200, b"healthy"), ("healthy\n", 200, b"healthy"), ("ill", 500, b"unhealthy")]
)
def test_health_returns_responses_of_the_replaced_page(client, monkeypatch, tmp_path, text, status, body):
    file = tmp_path / "healthy"
    if text is not None:
        file.write_text(text)
    monkeypatch.setattr(health, "HEALTH_FILE", file)
    response = client.get("/health")
    assert (response.status_code, response.content) == (status, body)
    assert response["health-check"] == body.decode()


AT = 'connection to server at "db.example.org" (192.0.2.7), port 5432 failed: '


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (f'{AT}FATAL:  password authentication failed for user "ada"\n', "password authentication failed for user …"),
        (
            f'{AT}Connection refused\n\tIs the server running?\n{AT}FATAL:  database "a" does not exist',
            "database … does not exist",
        ),
        (
            f'{AT}FATAL:  no pg_hba.conf entry for host "192.0.2.9", user "ada"',
            "no pg_hba.conf entry for host …, user …",
        ),
        (f"{AT}timeout expired", "timeout expired"),
        (
            'could not translate host name "db" to address: Unknown host',
            "could not translate host name … to address: Unknown host",
        ),
        (
            f"{AT}FATAL:  Passwort-Authentifizierung für Benutzer »ada« fehlgeschlagen",
            "Passwort-Authentifizierung für Benutzer … fehlgeschlagen",
        ),
        (
            "terminating connection due to administrator command\nSSL connection has been closed",
            "terminating connection due to administrator command",
        ),
        ("", "OperationalError"),
    ],
)
def test_public_reason_contains_no_server_or_user_names(message, reason):
    """/readyz is public."""
    assert circuit_breaker.public_reason(OperationalError(message)) == reason
    assert circuit_breaker.public_reason(circuit_breaker.CircuitOpenError("Away", reason)) == reason
