"""The metrics at /metrics, of a gunicorn server with two workers."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest
from django.conf import settings
from prometheus_client.parser import text_string_to_metric_families

from tests.environment import DATABASE, MEASURED
from tests.postgres import PostgreSQL, free_port

# Run in one process, so that the database is created once.
pytestmark = pytest.mark.xdist_group("metrics")

REQUESTS = "actorsite_requests_total"


@pytest.fixture(scope="module")
def server():
    """Yield a PostgreSQL server that a test may stop, or None on SQLite."""
    if DATABASE == "sqlite":
        yield None
        return
    server = PostgreSQL()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def database(server, tmp_path_factory):
    url = server.url() if server else f"sqlite:///{tmp_path_factory.mktemp('metrics')}/db.sqlite3"
    manage("migrate", "--verbosity=0", DATABASE_URL=url)
    return url


def environment(**variables):
    return {
        "PATH": os.environ["PATH"],
        "SECRET_KEY": settings.SECRET_KEY,
        "ALLOWED_HOSTS": "127.0.0.1",
        "DEBUG": "true",  # no manifest of static files is needed
        **MEASURED,
        **variables,
    }


def manage(*arguments, **variables):
    subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=settings.BASE_DIR, env=environment(**variables), check=True
    )


class Site:
    """A running server. ``folder`` is its directory for temporary files."""

    def __init__(self, process, port, metrics_port, folder):
        self.process, self.port, self.metrics_port, self.folder = process, port, metrics_port, folder

    def get(self, path, port=None, method="GET"):
        """Return (status, text). Each call opens a new connection, which any worker may accept."""
        connection = HTTPConnection("127.0.0.1", port or self.port, timeout=10)
        try:
            connection.request(method, path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def figures(self):
        """Return {(name, labels): value} of one scrape."""
        status, text = self.get("/metrics", self.metrics_port)
        assert status == 200
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def total(self, name, **labels):
        """Return the sum of the metric ``name`` over all label sets that contain ``labels``."""
        return sum(
            value for (found, pairs), value in self.figures().items() if found == name and labels.items() <= set(pairs)
        )

    def workers(self):
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]


@contextmanager
def site(database, folder, metrics=True, **variables):
    port, metrics_port = free_port(), free_port()
    if metrics:
        variables["METRICS_PORT"] = str(metrics_port)
    process = subprocess.Popen(
        [sys.executable, "-m", "actorsite.server.start"],
        cwd=settings.BASE_DIR,
        env=environment(DATABASE_URL=database, PORT=str(port), TMPDIR=str(folder), WEB_CONCURRENCY="2", **variables),
        stdout=subprocess.DEVNULL,
    )
    try:
        served = Site(process, port, metrics_port, folder)
        wait(lambda: served.get("/livez")[0] == 200)
        yield served
    finally:
        process.terminate()
        process.wait(timeout=30)


def wait(condition, seconds=20):
    end = time.monotonic() + seconds
    while True:
        try:
            if condition():
                return
        except OSError:
            pass
        assert time.monotonic() < end, f"the condition was not met within {seconds} s"
        time.sleep(0.1)


@pytest.mark.sqlite
def test_each_worker_returns_metrics_of_all_workers(database, tmp_path):
    with site(database, tmp_path) as served:
        for _ in range(20):
            assert served.get("/")[0] == 200
        served.get("/nowhere/")
        served.get("/", method="BREW")
        # Each scrape may reach a different worker. All workers return the same values.
        assert {served.total(REQUESTS, method="GET", status="200") for _ in range(10)} == {20}
        assert served.total(REQUESTS, status="404", view="none") == 1
        assert served.total(REQUESTS, method="other") == 1
        assert served.total("actorsite_request_duration_seconds_count") == 22
        assert served.total("actorsite_database_query_duration_seconds_count") > 0
        assert served.figures()["actorsite_database_up", ()] == 1


@pytest.mark.sqlite
def test_data_version_rises_with_external_writes(database, tmp_path):
    with site(database, tmp_path) as served:
        before = served.figures()["actorsite_data_version", ()]
        program = "from actors.models import {model}; {model}.objects.create({name}='Ada')"
        for model, name in (("Actor", "first_name"), ("Film", "title")):
            manage("shell", "--verbosity=0", "--command", program.format(model=model, name=name), DATABASE_URL=database)
            (after,) = {served.figures()["actorsite_data_version", ()] for _ in range(5)}
            assert after > before
            before = after


def test_probes_are_not_counted(database, tmp_path):
    with site(database, tmp_path) as served:
        for path in ("/livez", "/readyz", "/health"):
            served.get(path)
        assert served.total(REQUESTS) == 0


def test_request_counters_survive_a_killed_worker(database, tmp_path):
    with site(database, tmp_path) as served:
        for _ in range(5):
            served.get("/")
        before = served.workers()
        os.kill(before[0], signal.SIGKILL)
        wait(lambda: len(served.workers()) == 2 and served.workers() != before)
        wait(lambda: served.get("/")[0] == 200)
        assert {served.total(REQUESTS, status="200") for _ in range(10)} == {6}


def test_request_counters_survive_a_reload(database, tmp_path):
    with site(database, tmp_path) as served:
        served.get("/")
        before = served.workers()
        served.process.send_signal(signal.SIGHUP)
        wait(lambda: len(served.workers()) == 2 and not set(served.workers()) & set(before))
        wait(lambda: served.get("/")[0] == 200)
        assert served.total(REQUESTS, status="200") == 2


def test_metrics_port_serves_only_metrics(database, tmp_path):
    with site(database, tmp_path) as served:
        assert served.get("/", served.metrics_port)[0] == 404
        assert served.get("/admin/", served.metrics_port)[0] == 404
        assert served.get("/metrics")[0] == 404


def test_metrics_directory_is_removed_when_the_server_stops(database, tmp_path):
    with site(database, tmp_path) as served:
        served.get("/")
        assert list(tmp_path.iterdir())
    assert not list(tmp_path.iterdir())


def test_metrics_directory_of_reloaded_server_is_removed(database, tmp_path):
    """A reload runs gunicorn.conf.py again, with the variable set by its first run."""
    with site(database, tmp_path) as served:
        before = served.workers()
        served.process.send_signal(signal.SIGHUP)
        wait(lambda: len(served.workers()) == 2 and not set(served.workers()) & set(before))
    assert not list(tmp_path.iterdir())


def test_metrics_directory_of_the_operator_is_not_removed(database, tmp_path):
    """Regression: the directory was deleted with its contents at the end."""
    folder, named = tmp_path / "tmp", tmp_path / "named"
    folder.mkdir()
    named.mkdir()
    (named / "theirs").write_text("not ours")
    with site(database, folder, PROMETHEUS_MULTIPROC_DIR=str(named)) as served:
        served.get("/")
        assert len(list(named.iterdir())) > 1
    assert (named / "theirs").read_text() == "not ours"


def test_live_gauge_file_is_removed_when_its_worker_dies(database, tmp_path):
    """prometheus_client requires it: otherwise gauges of live processes would include dead workers."""
    with site(database, tmp_path) as served:
        [folder] = tmp_path.iterdir()
        pid = served.workers()[0]
        gauge = folder / f"gauge_liveall_{pid}.db"
        gauge.touch()
        os.kill(pid, signal.SIGKILL)
        wait(lambda: not gauge.exists())


def test_server_without_metrics_port_collects_no_metrics(database, tmp_path):
    with site(database, tmp_path, metrics=False) as served:
        with pytest.raises(ConnectionRefusedError):
            served.get("/metrics", served.metrics_port)
        assert not list(tmp_path.iterdir())
    program = "import sys, actorsite.wsgi; sys.exit('prometheus_client' in sys.modules)"
    subprocess.run(
        [sys.executable, "-c", program], cwd=settings.BASE_DIR, env=environment(DATABASE_URL=database), check=True
    )


@pytest.mark.postgresql
def test_database_up_is_0_within_three_seconds_of_an_outage(database, server, tmp_path):
    with site(database, tmp_path) as served:
        assert served.figures()["actorsite_database_connections", ()] > 0
        server.stop_server()
        begun = time.monotonic()
        assert served.figures()["actorsite_database_up", ()] == 0
        assert time.monotonic() - begun < 3
        server.start()
        wait(lambda: served.figures()["actorsite_database_up", ()] == 1, seconds=1)
