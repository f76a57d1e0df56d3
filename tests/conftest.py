"""What every test may use."""

import pytest

from tests.environment import DATABASE

MARKS = {
    "once": "does not depend on the database: run in the SQLite pass only",
    "postgresql": "needs PostgreSQL: run in the PostgreSQL pass only",
}


def pytest_configure(config):
    for name, meaning in MARKS.items():
        config.addinivalue_line("markers", f"{name}: {meaning}")


def pytest_collection_modifyitems(config, items):
    """Leave to the other pass what belongs to it."""
    other = "once" if DATABASE == "postgresql" else "postgresql"
    left = [item for item in items if item.get_closest_marker(other)]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if not item.get_closest_marker(other)]


def pytest_collection_finish(session):
    """Refuse to run where tests of one group would be on several processes: pytest-xdist says nothing of it."""
    if getattr(session.config.option, "loadgroup", False):
        for item in session.items:
            if item.get_closest_marker("xdist_group") and "@" not in item.nodeid:
                raise pytest.UsageError(f"{item.nodeid}: its group is lost. Do pytest and pytest-xdist fit each other?")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Close the answers that a test has not read to their end, as a server does: their rows are still being read."""
    from django.core.signals import request_finished
    from django.db import close_old_connections
    from django.test import Client

    answers, request = [], Client.request

    def remembered(client, **environ):
        answers.append(request(client, **environ))
        return answers[-1]

    Client.request = remembered
    try:
        return (yield)
    finally:
        Client.request = request
        request_finished.disconnect(close_old_connections)
        for answer in answers:
            if answer.streaming:
                answer.close()
        request_finished.connect(close_old_connections)


@pytest.fixture(autouse=True)
def default_language():
    """A request in another language leaves it to the thread: the next test must not get it."""
    from django.utils import translation

    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def no_cached_fragments():
    """A fragment is cached as long as a process lives: the next test has other settings and other data."""
    from django.core.cache import caches

    yield
    for cache in caches.all(initialized_only=True):
        cache.clear()


@pytest.fixture(scope="session", autouse=True)
def static_files(tmp_path_factory):
    """The collected static files that pages link to, as in production."""
    from django.core.management import call_command
    from django.test import override_settings

    with override_settings(STATIC_ROOT=tmp_path_factory.mktemp("static")):
        call_command("collectstatic", interactive=False, verbosity=0)
        yield


def pytest_terminal_summary(terminalreporter):
    """Say loudly what was left out, and what failed at first, whatever the verbosity."""
    for report in terminalreporter.stats.get("rerun", []):
        terminalreporter.section(f"Failed at the first try: {report.nodeid}", red=True, bold=True)
        terminalreporter.write_line(str(report.longrepr))
    for reason in sorted({report.longrepr[2] for report in terminalreporter.stats.get("skipped", [])}):
        terminalreporter.write_line(reason, red=True, bold=True)


@pytest.fixture
def root(client, db):
    """An administrator, signed in."""
    from django.contrib.auth.models import User

    root = User.objects.create_superuser("root")
    client.force_login(root)
    return root


@pytest.fixture
def actor(db):
    """Toshirō Mifune, as the fixture has him."""
    from actors.models import Actor

    actor = Actor.objects.create(
        first_name="Toshirō", last_name="Mifune", native_name="三船敏郎", birth_year=1920, death_year=1997, country="JP"
    )
    actor.refresh_from_db()
    return actor


@pytest.fixture(autouse=True)
def _plain_static_files(settings):
    """Static files under their own names: `collectstatic`, which hashes them, has not run."""
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
