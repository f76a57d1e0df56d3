"""The database of the replaced page is adopted in place."""

import subprocess
import sys
import threading
import time

import pytest
from django.conf import settings
from psycopg2.errors import CheckViolation

from tests.database import cursor_of, scratch_database
from tests.environment import MEASURED

pytestmark = pytest.mark.postgresql

OLD = """
CREATE SEQUENCE actor_actor_id_seq;
CREATE TABLE actor (
    actor_id integer DEFAULT nextval('actor_actor_id_seq') NOT NULL PRIMARY KEY,
    first_name varchar(45) NOT NULL,
    last_name varchar(45) NOT NULL,
    last_update timestamp without time zone DEFAULT now() NOT NULL
);
CREATE INDEX idx_actor_last_name ON actor (last_name);
CREATE FUNCTION last_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.last_update = CURRENT_TIMESTAMP; RETURN NEW; END $$;
CREATE TRIGGER last_updated BEFORE UPDATE ON actor FOR EACH ROW EXECUTE PROCEDURE last_updated();
INSERT INTO actor (first_name, last_name, last_update)
    SELECT 'FIRST' || n, 'LAST' || n, '2006-02-15 04:34:33' FROM generate_series(1, 200) AS n;
UPDATE actor SET first_name = 'EDITED' WHERE actor_id = 77;
"""


def migrate(url, *arguments):
    return subprocess.run(
        [sys.executable, "manage.py", "migrate", *arguments],
        cwd=settings.BASE_DIR,
        env={"SECRET_KEY": "abcde" * 10, "ALLOWED_HOSTS": "localhost", "DATABASE_URL": url, **MEASURED},
        capture_output=True,
        text=True,
    )


def test_database_of_the_replaced_page_is_adopted_in_place():
    with scratch_database() as url, cursor_of(url) as cursor:
        cursor.execute(OLD)
        cursor.execute("SELECT * FROM actor ORDER BY actor_id")
        before = cursor.fetchall()

        responses, over = [], threading.Event()

        def old_page():
            while not over.is_set():
                with cursor_of(url) as old:
                    old.execute("SET statement_timeout = 1000")
                    old.execute("select * from actor order by random() limit 5")
                    responses.append([(row[1], row[2]) for row in old.fetchall()])
                time.sleep(0.01)

        thread = threading.Thread(target=old_page)
        thread.start()
        try:
            done = migrate(url, "--fake-initial")
        finally:
            over.set()
            thread.join()
        assert done.returncode == 0, done.stderr
        assert "actors.0001_initial... FAKED" in done.stdout
        assert len(responses) > 10 and all(len(response) == 5 for response in responses)

        cursor.execute("SELECT * FROM actor ORDER BY actor_id")
        assert [column.name for column in cursor.description][:4] == [
            "actor_id", "first_name", "last_name", "last_update"
        ]  # fmt: skip
        assert [row[:4] for row in cursor.fetchall()] == before

        cursor.execute("INSERT INTO actor (first_name, last_name) VALUES ('NEW', 'ONE') RETURNING actor_id, version")
        assert cursor.fetchone() == (201, 1)
        cursor.execute("SELECT pg_get_serial_sequence('actor', 'actor_id'), count(*) FROM actor WHERE search = ''")
        assert cursor.fetchone() == ("public.actor_actor_id_seq", 0)
        assert migrate(url, "--check").returncode == 0


def test_new_database_equals_an_adopted_one():
    """Compare columns, defaults, indexes, constraints and triggers in the system catalog."""
    catalogue = """
        SELECT 'column', column_name, data_type || character_maximum_length || column_default || is_nullable
            || coalesce(collation_name, ''), ordinal_position FROM information_schema.columns WHERE table_name = 'actor'
        UNION ALL SELECT 'index', indexname, indexdef, 0 FROM pg_indexes WHERE tablename = 'actor'
        UNION ALL SELECT 'constraint', conname, pg_get_constraintdef(oid), 0 FROM pg_constraint
            WHERE conrelid = 'actor'::regclass
        UNION ALL SELECT 'trigger', tgname, pg_get_triggerdef(oid), 0 FROM pg_trigger
            WHERE tgrelid = 'actor'::regclass AND NOT tgisinternal
        ORDER BY 1, 2"""
    found = []
    for old in (OLD, ""):
        with scratch_database() as url, cursor_of(url) as cursor:
            if old:
                cursor.execute(old)
            assert migrate(url, "--fake-initial").returncode == 0
            cursor.execute(catalogue)
            found.append(cursor.fetchall())
    assert found[0] == found[1]
    assert len(found[0]) > 15


def test_every_migration_can_be_reversed():
    with scratch_database() as url:
        assert migrate(url).returncode == 0
        back = migrate(url, "actors", "zero")
        assert back.returncode == 0, back.stderr
        assert migrate(url).returncode == 0


def test_row_without_a_name_is_adopted():
    """The constraint does not check existing rows, only inserts and updates."""
    with scratch_database() as url, cursor_of(url) as cursor:
        cursor.execute(OLD)
        cursor.execute("INSERT INTO actor (first_name, last_name, last_update) VALUES ('', '', '2006-02-15 04:34:33')")
        done = migrate(url, "--fake-initial")
        assert done.returncode == 0, done.stderr
        cursor.execute("SELECT count(*), count(*) FILTER (WHERE search <> '') FROM actor")
        assert cursor.fetchone() == (201, 200)
        with pytest.raises(CheckViolation):
            cursor.execute("INSERT INTO actor (first_name, last_name) VALUES ('', '')")


def test_migration_outside_a_transaction_can_run_again():
    """If a migration is interrupted just before Django records it, it runs again although its indexes exist."""
    indexes = "SELECT array_agg((relname, oid) ORDER BY relname) FROM pg_class WHERE relkind = 'i'"
    with scratch_database() as url, cursor_of(url) as cursor:
        cursor.execute(OLD)
        assert migrate(url, "actors", "0004", "--fake-initial").returncode == 0
        cursor.execute(indexes)
        before = cursor.fetchone()
        cursor.execute("DELETE FROM django_migrations WHERE app = 'actors' AND name LIKE '0004%'")
        done = migrate(url, "actors", "0004")
        assert done.returncode == 0 and "Applying actors.0004_indexes... OK" in done.stdout, done.stderr
        cursor.execute(indexes)
        assert cursor.fetchone() == before
        assert migrate(url).returncode == 0


def test_trigram_indexes_are_created_with_pg_trgm_in_any_schema():
    with scratch_database() as url, cursor_of(url) as cursor:
        cursor.execute('CREATE SCHEMA "Its own"; CREATE EXTENSION pg_trgm SCHEMA "Its own"')
        done = migrate(url)
        assert done.returncode == 0, done.stderr
        cursor.execute("SELECT count(*) FROM pg_indexes WHERE indexdef LIKE '%gin_trgm_ops%'")
        assert cursor.fetchone() == (2,)


def test_migration_succeeds_without_the_right_to_create_pg_trgm():
    with scratch_database() as url, cursor_of(url) as cursor:
        cursor.execute("SELECT current_database()")
        name = cursor.fetchone()[0]
        cursor.execute(f"CREATE ROLE {name} LOGIN; GRANT CREATE ON SCHEMA public TO {name}")
        try:
            done = migrate(url.replace("postgres@", f"{name}@"))
            assert done.returncode == 0, done.stderr
            assert "Without pg_trgm, search reads the whole table" in done.stdout
        finally:
            cursor.execute(f"DROP OWNED BY {name} CASCADE; DROP ROLE {name}")
