"""``manage.py release`` prepares the database, even if several releases run at the same time."""

import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import pytest
from django.conf import settings

from tests.actors.migrations.test_adoption import OLD
from tests.database import cursor_of, scratch_database
from tests.environment import MEASURED, unmeasured
from tests.postgres import free_port
from tests.server import migrated_database

pytestmark = pytest.mark.postgresql

ADMINISTRATOR = {"DJANGO_SUPERUSER_USERNAME": "ada", "DJANGO_SUPERUSER_PASSWORD": "correct horse battery"}


def start(url, command=("release",), **environment):
    """Start a command of manage.py on the database at ``url``; return the process."""
    return subprocess.Popen(
        [sys.executable, "manage.py", *command],
        cwd=settings.BASE_DIR,
        env={"SECRET_KEY": "abcde" * 10, "ALLOWED_HOSTS": "localhost", "DATABASE_URL": url, **MEASURED, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(url, command=("release",), **environment):
    """Run a command of manage.py; return its exit code and its output."""
    process = start(url, command, **environment)
    out, err = process.communicate(timeout=60)
    return process.returncode, out + err


@contextmanager
def holding_locks(url, statement):
    """Run ``statement`` in another session and leave its transaction open, so that it holds its locks."""
    with cursor_of(url) as cursor:
        cursor.connection.autocommit = False
        cursor.execute(statement)
        yield cursor.connection


def value(url, query):
    """Return the first column of the first row of ``query``."""
    with cursor_of(url) as cursor:
        cursor.execute(query)
        return cursor.fetchone()[0]


def test_eight_simultaneous_releases_migrate_once():
    with unmeasured(), scratch_database() as url:
        processes = [start(url, RELEASE_SEED="true", **ADMINISTRATOR) for _ in range(8)]
        outputs = [process.communicate(timeout=240) for process in processes]
        assert [process.returncode for process in processes] == [0] * 8, outputs
        assert value(url, "SELECT count(*) - count(DISTINCT (app, name)) FROM django_migrations") == 0
        assert run(url, ("migrate", "--check"))[0] == 0
        assert value(url, "SELECT count(*) FROM auth_user WHERE is_superuser") == 1
        assert sum(f"Loaded {value(url, 'SELECT count(*) FROM actor')} actors" in out for out, _ in outputs) == 1


def test_release_without_variables_creates_no_actors_or_accounts():
    with scratch_database() as url:
        code, output = run(url)
        assert code == 0 and output.endswith("Released.\n")
        assert value(url, "SELECT count(*) FROM actor") == value(url, "SELECT count(*) FROM auth_user") == 0


def test_failing_migration_is_rolled_back():
    schema = """SELECT md5(string_agg(line, E'\n' ORDER BY line)) FROM (
        SELECT table_name || column_name || data_type AS line FROM information_schema.columns
            WHERE table_schema = 'public'
        UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL SELECT app || name FROM django_migrations) AS lines"""
    with scratch_database() as url, cursor_of(url) as cursor:
        targets = (("actors", "0002"), ("auth",), ("admin",))
        migrate = f"from django.core.management import call_command\nfor to in {targets}: call_command('migrate', *to)"
        assert run(url, ("shell", "-c", migrate))[0] == 0
        # The last table of the next migration exists already, so that the migration fails halfway.
        cursor.execute("CREATE TABLE actors_credit (id integer)")
        before = value(url, schema)
        code, output = run(url)
        assert (
            code != 0
            and "The migration failed: actors.0003_films was rolled back. " in output
            and "already exists" in output
        )
        assert value(url, schema) == before


def test_next_release_continues_failed_nontransactional_migration():
    built = "SELECT string_agg(indexname, ' ' ORDER BY indexname) FROM pg_indexes WHERE indexname LIKE 'actor_sort_%'"
    with scratch_database() as url, cursor_of(url) as cursor:
        # The second index cannot be built: its name is taken.
        cursor.execute("CREATE TABLE actor_sort_first ()")
        code, output = run(url)
        assert code != 0 and "already exists" in output
        assert "The migration failed: actors.0004_indexes stopped halfway. The next release continues it. " in output
        assert "rolled back" not in output and "taken back" not in output
        assert value(url, built) == "actor_sort_last"
        cursor.execute("DROP TABLE actor_sort_first")
        assert run(url)[0] == 0
        assert value(url, built) == "actor_sort_first actor_sort_last"
        assert run(url, ("migrate", "--check"))[0] == 0


TRIGRAMS = "SELECT array_agg(indexdef ORDER BY indexname) FROM pg_indexes WHERE indexname LIKE '%_trgm'"
VALID = "SELECT count(*) FROM pg_index WHERE indexrelid::regclass::text LIKE '%_trgm' AND indisvalid"


def test_release_creates_trigram_indexes_when_extension_exists():
    with migrated_database() as url:
        made_by_migration = value(url, TRIGRAMS)
        assert len(made_by_migration) == 2
    with scratch_database() as url, cursor_of(url) as cursor:
        cursor.execute("SELECT current_database()")
        name = cursor.fetchone()[0]
        cursor.execute(f"CREATE ROLE {name} LOGIN; GRANT CREATE ON SCHEMA public TO {name}")
        owner = url.replace("postgres@", f"{name}@")
        try:
            for _ in range(2):
                code, output = run(owner)
                assert code == 0 and "Without pg_trgm, search reads the whole table: " in output, output
                assert value(url, TRIGRAMS) is None
            cursor.execute("CREATE EXTENSION pg_trgm")
            code, output = run(owner)
            assert code == 0 and "Without pg_trgm" not in output, output
            assert value(url, TRIGRAMS) == made_by_migration
            cursor.execute("SELECT array_agg(oid ORDER BY oid) FROM pg_class WHERE relname LIKE '%_trgm'")
            kept = cursor.fetchone()
            assert run(owner)[0] == 0
            cursor.execute("SELECT array_agg(oid ORDER BY oid) FROM pg_class WHERE relname LIKE '%_trgm'")
            assert cursor.fetchone() == kept
        finally:
            cursor.execute(f"DROP OWNED BY {name} CASCADE; DROP ROLE {name}")


def test_release_creates_missing_pg_trgm_extension():
    with migrated_database() as url, cursor_of(url) as cursor:
        cursor.execute("DROP EXTENSION pg_trgm CASCADE")
        assert value(url, VALID) == 0
        assert run(url)[0] == 0
        assert value(url, VALID) == 2


def test_release_replaces_invalid_trigram_index():
    with migrated_database() as url, cursor_of(url) as cursor:
        cursor.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'actor_search_trgm'::regclass")
        assert value(url, VALID) == 1
        assert run(url)[0] == 0
        assert value(url, VALID) == 2


def test_release_uses_pg_trgm_outside_the_search_path():
    with migrated_database() as url, cursor_of(url) as cursor:
        cursor.execute('DROP EXTENSION pg_trgm CASCADE; CREATE SCHEMA "Its own"')
        cursor.execute('CREATE EXTENSION pg_trgm SCHEMA "Its own"')
        code, output = run(url)
        assert (code, value(url, VALID)) == (0, 2), output


def test_creation_of_trigram_indexes_does_not_block_writes():
    with migrated_database() as url, cursor_of(url) as cursor:
        cursor.execute("DROP INDEX actor_search_trgm")
        with holding_locks(url, "INSERT INTO actor (first_name, last_name) VALUES ('A', 'B')") as other:
            release = start(url, RELEASE_LOCK_TIMEOUT="100")
            waiting = (
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND query LIKE 'CREATE INDEX CONCURRENTLY%' AND wait_event_type = 'Lock'"
            )
            end = time.monotonic() + 30
            while not value(url, waiting) and time.monotonic() < end:
                time.sleep(0.1)
            assert value(url, waiting) == 1
            cursor.execute("SET lock_timeout = 1000; INSERT INTO actor (first_name, last_name) VALUES ('C', 'D')")
            other.rollback()
        out, err = release.communicate(timeout=60)
        assert (release.returncode, value(url, VALID)) == (0, 2), out + err


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("DROP COLUMN last_update", "the column last_update is missing"),
        ("DROP COLUMN last_name, ADD country text", "the column last_name is missing, it already has a column country"),
    ],
)
def test_table_that_cannot_be_adopted_is_not_changed(change, reason):
    with scratch_database() as url, cursor_of(url) as cursor:
        cursor.execute(OLD)
        cursor.execute(f"ALTER TABLE actor {change}")
        code, out = run(url)
        assert code == 1
        assert f"The table actor of this database cannot be adopted: {reason}. Nothing was changed." in out
        assert value(url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 1
        assert value(url, "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal") == 1


def test_release_waits_for_locked_table_without_blocking_readers():
    """Each attempt delays other transactions by RELEASE_LOCK_TIMEOUT at most, and the last attempt succeeds."""
    with scratch_database() as url:
        assert run(url, ("migrate", "actors", "0001"))[0] == 0
        slowest, over = [0.0], threading.Event()

        def read():
            with cursor_of(url) as reader:
                while not over.is_set():
                    started = time.monotonic()
                    reader.execute("SELECT count(*) FROM actor")
                    slowest[0] = max(slowest[0], time.monotonic() - started)
                    time.sleep(0.02)

        with holding_locks(url, "LOCK TABLE actor IN ACCESS SHARE MODE") as other:
            release = start(url, RELEASE_LOCK_TIMEOUT="200")
            reader, watchdog = threading.Thread(target=read), threading.Timer(20, release.kill)
            reader.start()
            watchdog.start()
            try:
                for line in release.stdout:
                    if "The tables are locked by other transactions" in line:
                        break
                else:
                    pytest.fail(release.stderr.read())
                other.rollback()
                release.communicate(timeout=60)
            finally:
                watchdog.cancel()
                other.rollback()
                over.set()
                reader.join()
        assert release.returncode == 0
        assert 0 < slowest[0] < 0.9


def test_release_on_locked_table_fails_after_release_patience():
    with scratch_database() as url:
        assert run(url, ("migrate", "actors", "0001"))[0] == 0
        with holding_locks(url, "LOCK TABLE actor IN ACCESS SHARE MODE"):
            code, output = run(url, RELEASE_LOCK_TIMEOUT="100", RELEASE_PATIENCE="1")
        assert code != 0 and "lock timeout" in output


def test_next_release_rebuilds_index_of_killed_release():
    """A release that is killed while it builds indexes leaves an invalid one, which the next release rebuilds."""
    with scratch_database() as url, cursor_of(url) as cursor:
        assert run(url, ("migrate", "actors", "0003"))[0] == 0
        with holding_locks(url, "INSERT INTO actor (first_name, last_name) VALUES ('A', 'B')") as other:
            release = start(url, RELEASE_LOCK_TIMEOUT="100")
            end = time.monotonic() + 30
            broken = (
                "SELECT count(*) FROM pg_index WHERE indexrelid::regclass::text LIKE 'actor_sort%' AND NOT indisvalid"
            )
            while not value(url, broken) and time.monotonic() < end:
                time.sleep(0.1)
            # Wait longer than the lock timeout, which does not end CREATE INDEX CONCURRENTLY: no session waits for it.
            time.sleep(0.5)
            assert release.poll() is None
            release.kill()
            release.communicate()
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE query LIKE 'CREATE INDEX%' AND datname = current_database()"
            )
            other.rollback()
        assert value(url, broken) == 1
        assert run(url)[0] == 0
        assert value(url, broken) == 0
        assert (
            value(url, "SELECT count(*) FROM pg_indexes WHERE indexname IN ('actor_sort_last', 'actor_sort_first')")
            == 2
        )


def test_release_waits_for_unreachable_database_until_timeout():
    url = f"postgres://nobody@127.0.0.1:{free_port()}/none?sslmode=disable"
    started = time.monotonic()
    code, output = run(url, RELEASE_PATIENCE="2")
    assert (
        code != 0 and "Waiting for the database." in output and "CommandError: The database cannot be used: " in output
    )
    assert 2 <= time.monotonic() - started < 15
