"""The data version: every committed write of any client changes it, and writers don't wait for each other."""

import io
import random
import threading
import time
from contextlib import contextmanager

import psycopg2
import pytest
from django.core.management import call_command
from django.db import connection, transaction

from actors.db import data_version
from actors.models import Actor, Change, Credit, Film
from tests.database import cursor_of
from tests.server import migrated_database

pytestmark = pytest.mark.sqlite

everywhere = pytest.mark.django_db(transaction=True)


@pytest.fixture
def part(transactional_db):
    """Return Mifune's credit in Seven Samurai."""
    mifune = Actor.objects.create(first_name="Toshirō", last_name="Mifune", country="JP")
    return Credit.objects.create(actor=mifune, film=Film.objects.create(title="Seven Samurai"), character="Kikuchiyo")


def sql(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)


def save(row, **values):
    for name, value in values.items():
        setattr(row, name, value)
    row.save()


WRITES = {
    "an actor saved": lambda part: save(part.actor, country="US"),
    "an actor deleted": lambda part: part.actor.delete(),
    "a film saved": lambda part: save(part.film, year=1954),
    "a part saved": lambda part: save(part, billing=1),
    "a part deleted": lambda part: part.delete(),
    "update of a queryset": lambda part: Film.objects.update(title="七人の侍"),
    "bulk_create": lambda part: Actor.objects.bulk_create([Actor(first_name="Cher"), Actor(first_name="Zendaya")]),
    "loaddata": lambda part: call_command("loaddata", "actors", verbosity=0),
    "INSERT": lambda part: sql("INSERT INTO actors_film (title) VALUES ('Moonstruck')"),
    "UPDATE": lambda part: sql("UPDATE actors_credit SET billing = 2"),
    "DELETE": lambda part: sql("DELETE FROM actors_credit"),
    "the history cut": lambda part: Change.objects.all().delete(),
}


@everywhere
@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_write_raises_the_version(part, write):
    before = data_version.current()
    assert data_version.current() == before
    write(part)
    after = data_version.current()
    assert after.token != before.token and after.number > before.number and after.at >= before.at


@everywhere
@pytest.mark.postgresql
@pytest.mark.parametrize("statement", ["TRUNCATE actor CASCADE", "TRUNCATE actors_change"])
def test_truncate_raises_the_version(part, statement):
    before = data_version.current()
    sql(statement)
    assert data_version.current().token != before.token


@pytest.mark.postgresql
def test_two_copies_in_one_transaction_raise_the_number_by_one():
    with written() as (url, cursor):
        before = state(cursor)
        with psycopg2.connect(url) as writer, writer.cursor() as copy:
            for lines in ("11\t\tCher\n12\t\tZendaya\n", "13\t\tMadonna\n"):
                copy.copy_expert("COPY actor (actor_id, first_name, last_name) FROM STDIN", io.StringIO(lines))
        writer.close()
        assert state(cursor)[1] == before[1] + 1


@everywhere
def test_missing_version_raises_lookup_error(part):
    sql("DELETE FROM actors_version")
    with pytest.raises(LookupError):
        data_version.current()
    if connection.vendor == "postgresql":
        save(part, billing=1)
        assert data_version.current().token
    else:
        sql("INSERT INTO actors_version VALUES (1, 1, 'anew', 1)")


@everywhere
def test_rolled_back_write_leaves_the_version_unchanged(part):
    before = data_version.current()
    with transaction.atomic():
        save(part, billing=1)
        transaction.set_rollback(True)
    assert data_version.current() == before
    with transaction.atomic():
        with transaction.atomic():
            save(part, billing=2)
            transaction.set_rollback(True)
        save(part, billing=3)
    assert data_version.current().token != before.token


@everywhere
def test_reading_pages_leaves_the_version_unchanged(part, client):
    before = data_version.current()
    for url in ("/", "/spotlight/", "/actors.json", part.film.get_absolute_url()):
        assert client.get(url).status_code == 200
    assert data_version.current() == before


@everywhere
def test_version_query_needs_no_prepared_statement(part):
    """A connection pooler may use another session, which does not have earlier prepared statements."""
    before = data_version.current()
    if connection.vendor == "postgresql":
        sql("DEALLOCATE ALL")
    assert data_version.current() == data_version.current() == before


# Concurrent writers, each with its own connection. The tests decide when each one commits.


@contextmanager
def written():
    """Yield the URL of a migrated database with ten actors and a film, and a cursor on it."""
    with migrated_database() as url, cursor_of(url) as cursor:
        cursor.execute(
            "INSERT INTO actor (actor_id, first_name, last_name) SELECT n, 'A', n FROM generate_series(1, 10) AS n"
        )
        cursor.execute("INSERT INTO actors_film (id, title) VALUES (1, 'Moonstruck')")
        yield url, cursor


def state(cursor):
    cursor.execute("SELECT token, number FROM actors_version")
    return cursor.fetchone()


@pytest.mark.postgresql
def test_writer_does_not_wait_for_an_uncommitted_writer():
    with written() as (url, cursor):
        before = state(cursor)
        slow, fast = psycopg2.connect(url), psycopg2.connect(url, options="-c lock_timeout=2000")
        try:
            slow.cursor().execute("UPDATE actor SET country = 'JP' WHERE actor_id = 1")
            fast.cursor().execute("UPDATE actor SET country = 'JP' WHERE actor_id = 2")
            fast.commit()
            between = state(cursor)
            slow.commit()
            after = state(cursor)
        finally:
            slow.close()
            fast.close()
        assert [before[1], between[1], after[1]] == [before[1], before[1] + 1, before[1] + 2]
        assert len({before[0], between[0], after[0]}) == 3


@pytest.mark.postgresql
def test_version_row_is_locked_after_foreign_keys_are_checked():
    """At commit, the check of a foreign key may wait for another transaction that deletes the referenced row."""
    with written() as (url, _):
        deleting, crediting = psycopg2.connect(url), psycopg2.connect(url)
        deleting.cursor().execute("DELETE FROM actor WHERE actor_id = 2")
        with crediting.cursor() as some:
            for actor in (1, 2):
                some.execute("INSERT INTO actors_credit (actor_id, film_id) VALUES (%s, 1)", [actor])
        failed = []

        def commit():
            try:
                crediting.commit()
            except psycopg2.Error as error:
                failed.append(error)

        waiting = threading.Thread(target=commit)
        waiting.start()
        time.sleep(0.3)
        deleting.commit()
        waiting.join(10)
        assert [type(error) for error in failed] == [psycopg2.errors.ForeignKeyViolation]
        deleting.close()
        crediting.close()


@pytest.mark.postgresql
def test_concurrent_transactions_each_raise_the_version():
    with written() as (url, cursor):
        before = state(cursor)[1]
        failed = []

        def write(seed):
            chance = random.Random(seed)
            try:
                with cursor_of(url) as some:
                    for _ in range(40):
                        # In the order of ids: otherwise the updates of actors alone could deadlock.
                        first, second = sorted(chance.sample(range(1, 11), 2))
                        some.execute("BEGIN")
                        for pk in (first, second):
                            some.execute("UPDATE actor SET birth_year = %s WHERE actor_id = %s", [1950 + seed, pk])
                        some.execute("UPDATE actors_film SET year = NULL WHERE id = 2")
                        some.execute("COMMIT")
            except psycopg2.Error as error:
                failed.append(error)

        writers = [threading.Thread(target=write, args=[seed]) for seed in range(4)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join(60)
        assert not failed
        assert state(cursor)[1] == before + 4 * 40
        cursor.execute("SELECT count(*) FROM actors_written")
        assert cursor.fetchone() == (0,)


@pytest.mark.postgresql
def test_last_update_of_a_row_inserted_in_another_time_zone_is_utc(db):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL TIME ZONE 'Asia/Hong_Kong'")
        cursor.execute(
            "INSERT INTO actor (first_name, last_name) VALUES ('A', 'B') RETURNING last_update, timezone('UTC', now())"
        )
        changed, now = cursor.fetchone()
    assert changed == now
