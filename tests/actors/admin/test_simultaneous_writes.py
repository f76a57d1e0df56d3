"""Simultaneous writes of the same object: one succeeds, and the others report a conflict."""

import io
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import Client

from actors import imports
from actors.history.actors import lock_actor, restore_actor
from actors.history.attribution import attributed_to
from actors.history.errors import EditConflictError
from actors.history.merge import merge_actors
from actors.history.undo import ChangedSinceBatchError, undo_batch
from actors.imports.parsers import open_source
from actors.imports.staging import ImportConflictError
from actors.models import Actor, Batch, Change, Credit, Film, FilmChange, Upload
from tests.actors.admin.test_actors import LIST
from tests.clients import PASSWORD

# SQLite locks the whole database, so writes are never simultaneous.
pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

PEOPLE = 8


def at_once(write):
    """Run ``write(name)`` in PEOPLE threads, each with its own connection; return {result: number of threads}."""
    barrier = Barrier(PEOPLE)

    def one(name):
        try:
            connection.ensure_connection()
            barrier.wait(timeout=20)
            return write(name)
        except (EditConflictError, ImportConflictError, ChangedSinceBatchError, ValueError) as error:
            return type(error).__name__
        finally:
            connection.close()

    with ThreadPoolExecutor(PEOPLE) as pool:
        return Counter(pool.map(one, [f"p{number}" for number in range(PEOPLE)]))


def wait_for_blocked_session():
    """Wait until a session in this database waits for a lock."""
    here = "SELECT pid FROM pg_locks JOIN pg_database AS d ON d.oid = database WHERE d.datname = current_database()"
    end = time.monotonic() + 20
    with connection.cursor() as cursor:
        while time.monotonic() < end:
            cursor.execute(f"SELECT count(*) FROM pg_locks WHERE NOT granted AND pid IN ({here})")
            if cursor.fetchone() != (0,):
                return
            time.sleep(0.01)
    raise TimeoutError


def clients_for_all():
    clients = {}
    for number in range(PEOPLE):
        person = User.objects.create_superuser(f"p{number}", password=PASSWORD)
        clients[person.username] = Client()
        clients[person.username].force_login(person)
    return clients


def load(content, name):
    """Import ``text``; return "done", or "wrong" if the comparison already found a later change."""
    with transaction.atomic():
        staging = imports.examine(open_source(io.BytesIO(content.encode())))
        return staging.apply(name, "file") and "done" if not staging.wrong else "wrong"


def test_simultaneous_imports_of_one_actor_write_once(actor):
    def write(name):
        return load(f"id,version,biography\n{actor.pk},1,By {name}\n", name)

    results = at_once(write)
    assert results["done"] == 1 and results["done"] + results["wrong"] + results["ImportConflictError"] == PEOPLE, (
        results
    )
    actor.refresh_from_db()
    assert actor.version == 2 and actor.biography == f"By {Batch.objects.get().who}"
    assert Change.objects.filter(kind="~").count() == 1


def test_simultaneous_imports_of_a_new_id_add_one_actor():
    results = at_once(lambda name: load(f"id,first_name\n500,By {name}\n", name))
    assert results["done"] == 1 and sum(results.values()) == PEOPLE, results
    assert str(Actor.objects.get(pk=500)) == f"By {Batch.objects.get().who}"


def test_simultaneous_clicks_on_import_write_once():
    """A file that is uploaded once is imported once, however often the button is clicked."""
    person, clients = User.objects.create_superuser("carol", password=PASSWORD), {}
    for number in range(PEOPLE):
        clients[f"p{number}"] = Client()
        clients[f"p{number}"].force_login(person)
    upload = Upload.objects.create(who="carol", name="a.csv", content=b"first_name\n" + b"A\n" * 500)
    page = f"/admin/actors/batch/file/{upload.pk}/"
    assert at_once(lambda name: clients[name].post(page, {"_import": "1"}).status_code) == {302: PEOPLE}
    assert (Actor.objects.count(), Batch.objects.count(), Upload.objects.count()) == (500, 1, 0)


def test_simultaneous_import_and_save_write_once(actor):
    def write(name):
        if int(name[1:]) % 2:
            return load(f"id,version,biography\n{actor.pk},1,By {name}\n", name)
        with attributed_to(name, "admin"):
            mine = lock_actor(Actor.objects, actor.pk, 1)
            mine.biography = f"By {name}"
            mine.save()
        return "done"

    results = at_once(write)
    assert results["done"] == 1 and sum(results.values()) == PEOPLE, results
    actor.refresh_from_db()
    assert actor.version == 2


def test_simultaneous_merges_write_once(actor):
    duplicate = Actor.objects.create(first_name="Toshiro", last_name="Mifune")
    results = at_once(
        lambda name: merge_actors((actor.pk, 1), (duplicate.pk, 1), {"biography": f"By {name}"}, name) and "done"
    )
    assert results == {"done": 1, "EditConflictError": PEOPLE - 1}
    assert Actor.objects.get().biography == f"By {Batch.objects.get().who}"


def test_simultaneous_merges_in_both_directions_write_once(actor):
    duplicate = Actor.objects.create(first_name="Toshiro", last_name="Mifune")
    both = [(actor.pk, 1), (duplicate.pk, 1)]
    # Change the survivor, so that its version number increases.
    results = at_once(
        lambda name: merge_actors(*(both if int(name[1:]) % 2 else both[::-1]), {"country": "FR"}, name) and "done"
    )
    assert results == {"done": 1, "EditConflictError": PEOPLE - 1}
    assert Actor.objects.count() == 1


def test_simultaneous_undos_write_once(actor):
    load(f"id,version,biography\n{actor.pk},1,New\n,,\n", "carol")
    batch = Batch.objects.get()
    assert at_once(lambda name: undo_batch(batch, name) and "done") == {"done": 1, "ValueError": PEOPLE - 1}
    actor.refresh_from_db()
    assert (actor.biography, actor.version) == ("", 3)


def test_simultaneous_restores_write_once(actor):
    Actor.objects.filter(pk=actor.pk).update(country="FR")
    change = Change.objects.latest("id")

    def write(name):
        with attributed_to(name, "admin"):
            return restore_actor(Actor.objects, change, "before", 2) and "done"

    assert at_once(write) == {"done": 1, "EditConflictError": PEOPLE - 1}


def test_simultaneous_undeletions_of_an_actor_create_it_once(actor):
    """Regression: a deleted actor has no row to lock, so the second restore was a server error."""
    Credit.objects.create(actor=actor, film=Film.objects.create(title="Ran"))
    pk, clients = actor.pk, clients_for_all()
    actor.delete()
    change = Change.objects.get(kind="-")

    def write(name):
        response = clients[name].post(f"/admin/actors/change/{change.pk}/restore/", {"restore": "before:"})
        return response.status_code, "Nothing was restored" in response.content.decode()

    assert at_once(write) == {(302, False): 1, (409, True): PEOPLE - 1}
    assert Actor.objects.get().pk == pk and Credit.objects.count() == 1


def test_simultaneous_undeletions_of_a_film_create_it_once(actor):
    film, clients = Film.objects.create(title="Ran"), clients_for_all()
    Credit.objects.create(actor=actor, film=film)
    film.delete()
    change, last = FilmChange.objects.get(credit_id=None, kind="-"), FilmChange.objects.first()

    def write(name):
        way = {"restore": f"before:{last.pk}"}
        response = clients[name].post(f"/admin/actors/filmchange/{change.pk}/restore/", way, follow=True)
        return (
            response.status_code,
            "someone changed the entry after you opened the history" in response.content.decode(),
        )

    assert at_once(write) == {(200, False): 1, (200, True): PEOPLE - 1}
    assert str(Film.objects.get()) == "Ran" and Credit.objects.count() == 1


def test_undo_during_undeletion_is_refused():
    load("first_name\nCher\n", "carol")
    undoing = undo_batch(Batch.objects.get(), "carol")
    change = Change.objects.get(kind="-")

    def write():
        try:
            return undo_batch(undoing, "dora")
        except ChangedSinceBatchError as error:
            return error.ids
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with attributed_to("carol", "admin"):
            back, _lost = restore_actor(Actor.objects, change, "before", None)
            undo = pool.submit(write)
            wait_for_blocked_session()
        assert undo.result() == [back.pk]
    assert Actor.objects.get() == back and Batch.objects.count() == 2


@pytest.mark.parametrize("way", ["page", "action"])
def test_simultaneous_deletions_delete_once(actor, way):
    clients = clients_for_all()

    def write(name):
        if way == "page":
            return clients[name].post(f"{LIST}{actor.pk}/delete/", {"post": "yes", "seen": 1}).status_code
        data = {"action": "delete_selected", "_selected_action": [actor.pk], "post": "yes", "seen": f"{actor.pk}:1"}
        return clients[name].post(LIST, data).status_code

    assert at_once(write) == {302: 1, 409: PEOPLE - 1}
    assert Change.objects.filter(kind="-").count() == 1
