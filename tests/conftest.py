"""What every test may use."""

from functools import cache
from pathlib import Path

import pytest

from tests.environment import DATABASE
from tests.server import drop_templates, migrated_template, site

MARKS = {
    "sqlite": "also run on SQLite by `make test`: what it tests differs there, or is said to work there",
    "only_sqlite": "needs SQLite: left out on PostgreSQL",
    "postgresql": "needs PostgreSQL: left out on SQLite",
    "once": "does not depend on the database: `make test` does not repeat it on SQLite",
    "peers": "needs what `make bench` installs: run by `make quality` only",
    "slow": "starts processes or a browser, which STARTERS find, or loads thousands of rows: left out by `make check`",
}
LEFT_OUT = {"postgresql": "only_sqlite", "sqlite": "postgresql"}
# A test is slow when its module has something of one of these modules, or when it uses one of these fixtures.
STARTERS = {"subprocess", "tests.server", "tests.database", "tests.postgres", "tests.k8s.kustomize"}
STARTING_FIXTURES = {"browser", "live_server"}


def pytest_configure(config):
    for name, meaning in MARKS.items():
        config.addinivalue_line("markers", f"{name}: {meaning}")


def pytest_unconfigure(config):
    if DATABASE == "postgresql" and not hasattr(config, "workerinput"):
        drop_templates()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Mark what is slow, before -m chooses, and leave out what needs the other database."""
    for item in items:
        if starts_processes(item.module) or STARTING_FIXTURES & set(item.fixturenames):
            item.add_marker("slow")
    other = LEFT_OUT[DATABASE]
    left = [item for item in items if item.get_closest_marker(other)]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if not item.get_closest_marker(other)]


@cache
def starts_processes(module):
    """Return whether a test module has functions or classes of STARTERS, or one of them itself."""
    return any(
        getattr(value, "__module__", getattr(value, "__name__", None)) in STARTERS for value in vars(module).values()
    )


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
    for each in caches.all(initialized_only=True):
        each.clear()


@pytest.fixture(scope="session", autouse=True)
def static_files():
    """The collected static files that pages link to, as in production.

    A server's process lists them once, when it starts. Each test's client is
    such a start: without the memory here, listing the hundreds of files takes
    longer than most tests do.
    """
    from django.conf import settings
    from django.test import override_settings
    from whitenoise.base import WhiteNoise

    folder = site() / "static"
    listed, list_files = {}, WhiteNoise.update_files_dictionary

    def update_files_dictionary(whitenoise, root, prefix):
        key = (prefix, settings.STORAGES["staticfiles"]["BACKEND"])
        if Path(root) == folder and key in listed:
            whitenoise.files.update(listed[key])
            return
        list_files(whitenoise, root, prefix)
        if Path(root) == folder:
            listed[key] = whitenoise.files.copy()

    with override_settings(STATIC_ROOT=folder), pytest.MonkeyPatch.context() as patched:
        patched.setattr(WhiteNoise, "update_files_dictionary", update_files_dictionary)
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_passwords():
    """Hash passwords fast in the tests' own processes. Servers that tests start hash them as in production."""
    from django.test import override_settings

    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings):
    """On PostgreSQL, the database of each process is a copy of one that is migrated."""
    from django.db import connection

    if DATABASE == "postgresql":
        connection.settings_dict["TEST"]["TEMPLATE"] = migrated_template()


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
