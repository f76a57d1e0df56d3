"""An import is undone as a whole, or not at all."""

import io

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from actors import imports
from actors.db import vacuum
from actors.history.undo import ChangedSinceBatchError, undo_batch
from actors.imports.parsers import open_source
from actors.models import Actor, Batch, Change, Credit, Film
from tests.database import cursor_of

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]


def write(content):
    with transaction.atomic():
        return imports.examine(open_source(io.BytesIO(content.encode()))).apply("carol", "file.csv")


@pytest.fixture
def batch(actor):
    """Import a change of Mifune and the new actor Cher; return the batch."""
    return write(f"id,version,first_name,birth_year,biography\n{actor.pk},1,T,,New\n,,Cher,1946,\n")


def everything():
    return list(Actor.objects.order_by("id").values("id", "first_name", "birth_year", "biography", "country"))


def test_undo_restores_every_actor_and_can_be_undone(actor, batch):
    changed = everything()
    undoing = undo_batch(batch, "dora")
    assert everything() == [
        {"id": actor.pk, "first_name": "Toshirō", "birth_year": 1920, "biography": "", "country": "JP"}
    ]
    assert Actor.objects.search("toshiro").get().version == 3
    assert (undoing.kind, undoing.added, undoing.changed, undoing.deleted) == ("undo", 0, 1, 1)
    assert set(undoing.changes.values_list("kind", "who", "origin")) == {("~", "dora", "admin"), ("-", "dora", "admin")}
    again = undo_batch(undoing, "dora")
    assert (everything(), again.added, again.changed) == (changed, 1, 1)
    assert Actor.objects.get(first_name="Cher").version > 1


def test_batch_can_be_undone_only_once(batch):
    undo_batch(batch, "dora")
    with pytest.raises(ValueError, match="already undone"):
        undo_batch(batch, "dora")


def test_undo_after_a_later_change_is_refused(actor, batch):
    Actor.objects.filter(pk=actor.pk).update(country="FR")
    state = everything()
    with pytest.raises(ChangedSinceBatchError) as since:
        undo_batch(batch, "dora")
    assert since.value.ids == [actor.pk]
    assert everything() == state and Batch.objects.count() == 1


def test_undo_after_a_later_deletion_is_refused(batch):
    cher = Actor.objects.get(first_name="Cher")
    pk = cher.pk
    cher.delete()
    with pytest.raises(ChangedSinceBatchError) as since:
        undo_batch(batch, "dora")
    assert since.value.ids == [pk]


def test_undo_of_an_added_actor_with_credits_is_refused(batch):
    cher = Actor.objects.get(first_name="Cher")
    Credit.objects.create(actor=cher, film=Film.objects.create(title="Moonstruck"))
    with pytest.raises(ChangedSinceBatchError) as since:
        undo_batch(batch, "dora")
    assert since.value.ids == [cher.pk]
    assert Credit.objects.count() == 1


def test_undo_of_an_undo_is_refused_if_the_id_is_taken(batch):
    undoing = undo_batch(batch, "dora")
    gone = Change.objects.get(batch=undoing, kind="-")
    Actor.objects.create(pk=gone.actor_id, first_name="Other")
    with pytest.raises(ChangedSinceBatchError):
        undo_batch(undoing, "dora")


# The command undo_import


def test_undo_import_command_undoes_a_batch(actor, batch, capsys):
    User.objects.create_user("dora")
    call_command("undo_import", str(batch.pk), "--who", "dora")
    assert capsys.readouterr().out == "Import undone: 2 actors restored to their earlier state.\n"
    assert Actor.objects.get().birth_year == 1920 and Batch.objects.latest("id").who == "dora"
    with pytest.raises(CommandError, match="already undone"):
        call_command("undo_import", str(batch.pk))
    with pytest.raises(CommandError, match="no import 999"):
        call_command("undo_import", "999")


def test_undo_import_command_lists_actors_changed_after_the_batch(actor, batch, capsys):
    Actor.objects.filter(pk=actor.pk).update(country="FR")
    with pytest.raises(CommandError, match="Nothing was undone") as refused:
        call_command("undo_import", str(batch.pk))
    assert refused.value.returncode == 4
    assert capsys.readouterr().err == f"{actor.pk}: T Mifune\n"


def known_to_the_planner():
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = 'actor'::regclass")
        return cursor.fetchone()[0]


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_large_undo_and_import_vacuum_the_table(actor, monkeypatch, tmp_path):
    """Regression: until autovacuum ran, the list read a million dead rows, which exceeded the time limit."""
    monkeypatch.setattr(vacuum, "MIN_VACUUM_ROWS", 5)
    batch = write("first_name\n" + "Cher\n" * 6)
    assert known_to_the_planner() != 1
    call_command("undo_import", str(batch.pk))
    assert known_to_the_planner() == 1

    Actor.objects.bulk_create(Actor(first_name="Cher") for _ in range(6))
    file = tmp_path / "changed.csv"
    rows = [f"{pk},1,Cherilyn" for pk in Actor.objects.filter(first_name="Cher").values_list("pk", flat=True)]
    file.write_text("\n".join(["id,version,first_name", *rows]))
    call_command("import_actors", str(file))
    assert Actor.objects.filter(first_name="Cherilyn").count() == 6
    assert known_to_the_planner() == 7


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_undo_succeeds_if_vacuum_cannot_lock_the_table(actor, monkeypatch, capsys, caplog):
    monkeypatch.setattr(vacuum, "MIN_VACUUM_ROWS", 5)
    batch = write("first_name\n" + "Cher\n" * 6)
    here = connection.settings_dict
    url = f"postgres://{here['USER']}@{here['HOST']}:{here['PORT']}/{here['NAME']}"
    with cursor_of(url) as other, connection.cursor() as cursor:
        other.execute("BEGIN; LOCK TABLE actor IN SHARE UPDATE EXCLUSIVE MODE")
        cursor.execute("SET lock_timeout = '100ms'")
        call_command("undo_import", str(batch.pk))
        cursor.execute("RESET lock_timeout")
    assert (
        "6 actors restored to their earlier state" in capsys.readouterr().out
        and "VACUUM failed, so autovacuum will remove the old rows later: canceling" in caplog.text
    )
    assert list(Actor.objects.all()) == [actor]
