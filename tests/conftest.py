"""Fixtures and hooks for all tests."""

from functools import cache
from pathlib import Path

import pytest

from tests.database import scratch_database
from tests.environment import DATABASE, unmeasured
from tests.server import drop_templates, migrated_template, site

MARKS = {
    "sqlite": "also run on SQLite by `make test`: it tests behavior that differs on SQLite or is documented for it",
    "only_sqlite": "needs SQLite: deselected on PostgreSQL",
    "postgresql": "needs PostgreSQL: deselected on SQLite",
    "once": "does not depend on the database: `make test` does not repeat it on SQLite",
    "peers": "needs what `make bench` installs: run by `make peers` only",
    "slow": "starts processes or a browser (see STARTERS), or has hundreds of cases: not run by `make check`",
}
LEFT_OUT = {"postgresql": "only_sqlite", "sqlite": "postgresql"}
# A test is slow if its module imports one of these modules, or anything from it, or if it uses one of these fixtures.
STARTERS = {"subprocess", "tests.server", "tests.database", "tests.postgres", "tests.k8s.kustomize"}
STARTING_FIXTURES = {"browser", "live_server"}
# Coverage nearly doubles the time of a test. For slow tests, it is measured only in these folders, which test code
# that the quick tests do not run.
MEASURED_FOLDERS = {"backup", "conf", "management", "observability", "page_cache"}


def pytest_configure(config):
    for name, meaning in MARKS.items():
        config.addinivalue_line("markers", f"{name}: {meaning}")


def pytest_unconfigure(config):
    if DATABASE == "postgresql" and not hasattr(config, "workerinput"):
        drop_templates()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Mark slow tests, before ``-m`` selects tests, and deselect tests that need the other database."""
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
    """Return whether a test module imports one of STARTERS, or a function or class from it."""
    return any(
        getattr(value, "__module__", getattr(value, "__name__", None)) in STARTERS for value in vars(module).values()
    )


def pytest_collection_finish(session):
    """Refuse to run if tests of one xdist group would run in several processes, which pytest-xdist does not report."""
    if getattr(session.config.option, "loadgroup", False):
        for item in session.items:
            if item.get_closest_marker("xdist_group") and "@" not in item.nodeid:
                raise pytest.UsageError(
                    f"{item.nodeid}: its xdist group is lost. Check that pytest and pytest-xdist are compatible."
                )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item):
    """Turn coverage off for slow tests outside MEASURED_FOLDERS."""
    if not item.get_closest_marker("slow") or item.path.parent.name in MEASURED_FOLDERS:
        return (yield)
    with unmeasured():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Close streaming responses that a test has not read to the end, as a server does: their queries still run."""
    from django.core.signals import request_finished
    from django.db import close_old_connections
    from django.test import Client

    responses, request = [], Client.request

    def remembered(client, **environ):
        responses.append(request(client, **environ))
        return responses[-1]

    Client.request = remembered
    try:
        return (yield)
    finally:
        Client.request = request
        request_finished.disconnect(close_old_connections)
        for response in responses:
            if response.streaming:
                response.close()
        request_finished.connect(close_old_connections)


@pytest.fixture(autouse=True)
def default_language():
    """Reset the language after each test: a request leaves its language active in the thread."""
    from django.utils import translation

    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def no_cached_fragments():
    """Clear the caches after each test: fragments live as long as the process, but the next test has other data."""
    from django.core.cache import caches

    yield
    for each in caches.all(initialized_only=True):
        each.clear()


@pytest.fixture(scope="session", autouse=True)
def static_files():
    """Serve the collected static files, as in production.

    WhiteNoise lists the files when the application starts, which the client of
    each test does. The list is cached here, because listing hundreds of files
    takes longer than most tests.
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


@pytest.fixture(scope="session", autouse=True)
def quick_flush():
    """Truncate only tables that have rows after a transactional test, and keep content types and permissions.

    Django truncates all tables and then creates the content types and
    permissions again, which takes longer than most tests.
    """
    from django.core.management.commands import flush

    def sql_flush(style, connection, **options):
        filled_by_migrate = {"django_content_type", "auth_permission"}
        tables = set(connection.introspection.django_table_names(only_existing=True, include_views=False))
        tables -= filled_by_migrate
        if connection.vendor == "postgresql":
            selects = [f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in tables]
            with connection.cursor() as cursor:
                cursor.execute(" UNION ALL ".join(selects))
                tables = {table for (table,) in cursor}
        # In alphabetical order: SQLite's triggers add rows to the history of a table, which sorts after the table.
        return connection.ops.sql_flush(style, sorted(tables), allow_cascade=connection.vendor == "postgresql")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(flush, "sql_flush", sql_flush)
        patched.setattr(flush, "emit_post_migrate_signal", lambda *arguments: None)
        yield


@pytest.fixture
def empty_database(tmp_path):
    """Yield the URL of a database without tables, for a process that the test starts."""
    if DATABASE == "sqlite":
        yield f"sqlite:///{tmp_path}/new.sqlite3"
    else:
        with scratch_database() as url:
            yield url


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings):
    """On PostgreSQL, create the test database of each process as a copy of a migrated template."""
    from django.db import connection

    if DATABASE == "postgresql":
        connection.settings_dict["TEST"]["TEMPLATE"] = migrated_template()


def pytest_terminal_summary(terminalreporter):
    """Report skipped tests, and tests that failed at the first try, in red and at any verbosity."""
    for report in terminalreporter.stats.get("rerun", []):
        terminalreporter.section(f"Failed at the first try: {report.nodeid}", red=True, bold=True)
        terminalreporter.write_line(str(report.longrepr))
    for reason in sorted({report.longrepr[2] for report in terminalreporter.stats.get("skipped", [])}):
        terminalreporter.write_line(reason, red=True, bold=True)


@pytest.fixture
def root(client, db):
    """Create a superuser, sign in ``client`` with it, and return it."""
    from django.contrib.auth.models import User

    root = User.objects.create_superuser("root")
    client.force_login(root)
    return root


@pytest.fixture
def actor(db):
    """Create the actor Toshirō Mifune, with the data of the fixture file, and return him."""
    from actors.models import Actor

    actor = Actor.objects.create(
        first_name="Toshirō", last_name="Mifune", native_name="三船敏郎", birth_year=1920, death_year=1997, country="JP"
    )
    actor.refresh_from_db()
    return actor


@pytest.fixture(autouse=True)
def _plain_static_files(settings):
    """Link to static files by their own names, without the hashes that `collectstatic` adds."""
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
