"""An import is undone as one, or not at all."""

import io

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from actors import imports
from actors.db import vacuum
from actors.history.undo import ChangedSinceBatch, undo_batch
from actors.imports.parsers import open_source
from actors.models import Actor, Batch, Change, Credit, Film
from tests.database import cursor_of

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]


def write(content):
    with transaction.atomic():
        return imports.examine(open_source(io.BytesIO(content.encode()))).apply("carol", "file.csv")


@pytest.fixture
def batch(actor):
    """Mifune's life is changed, and Cher added."""
    return write(f"id,version,first_name,birth_year,biography\n{actor.pk},1,T,,New\n,,Cher,1946,\n")


def everything():
    return list(Actor.objects.order_by("id").values("id", "first_name", "birth_year", "biography", "country"))


def test_everything_is_as_before(actor, batch):
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


def test_it_is_undone_once(batch):
    undo_batch(batch, "dora")
    with pytest.raises(ValueError, match="undone already"):
        undo_batch(batch, "dora")


def test_later_work_is_not_overwritten(actor, batch):
    Actor.objects.filter(pk=actor.pk).update(country="FR")
    state = everything()
    with pytest.raises(ChangedSinceBatch) as since:
        undo_batch(batch, "dora")
    assert since.value.ids == [actor.pk]
    assert everything() == state and Batch.objects.count() == 1


def test_what_was_deleted_since_stays_so(batch):
    cher = Actor.objects.get(first_name="Cher")
    pk = cher.pk
    cher.delete()
    with pytest.raises(ChangedSinceBatch) as since:
        undo_batch(batch, "dora")
    assert since.value.ids == [pk]


def test_films_that_were_given_since_are_not_lost(batch):
    cher = Actor.objects.get(first_name="Cher")
    Credit.objects.create(actor=cher, film=Film.objects.create(title="Moonstruck"))
    with pytest.raises(ChangedSinceBatch) as since:
        undo_batch(batch, "dora")
    assert since.value.ids == [cher.pk]
    assert Credit.objects.count() == 1


def test_undoing_an_undoing_needs_the_place_to_be_free(batch):
    undoing = undo_batch(batch, "dora")
    gone = Change.objects.get(batch=undoing, kind="-")
    Actor.objects.create(pk=gone.actor_id, first_name="Other")
    with pytest.raises(ChangedSinceBatch):
        undo_batch(undoing, "dora")


# By the command


def test_the_command_undoes_too(actor, batch, capsys):
    User.objects.create_user("dora")
    call_command("undo_import", str(batch.pk), "--who", "dora")
    assert capsys.readouterr().out == "Undone: 2 actors are as before.\n"
    assert Actor.objects.get().birth_year == 1920 and Batch.objects.latest("id").who == "dora"
    with pytest.raises(CommandError, match="undone already"):
        call_command("undo_import", str(batch.pk))
    with pytest.raises(CommandError, match="no import 999"):
        call_command("undo_import", "999")


def test_the_command_says_what_was_changed_since(actor, batch, capsys):
    Actor.objects.filter(pk=actor.pk).update(country="FR")
    with pytest.raises(CommandError, match="Nothing is undone") as refused:
        call_command("undo_import", str(batch.pk))
    assert refused.value.returncode == 4
    assert capsys.readouterr().err == f"{actor.pk}: T Mifune\n"


def known_to_the_planner():
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = 'actor'::regclass")
        return cursor.fetchone()[0]


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_what_many_rows_left_behind_is_cleared_away(actor, monkeypatch, tmp_path):
    """Until autovacuum came, the list walked over a million dead rows, for longer than a request may take."""
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
def test_what_cannot_be_cleared_away_is_undone_all_the_same(actor, monkeypatch, capsys, caplog):
    monkeypatch.setattr(vacuum, "MIN_VACUUM_ROWS", 5)
    batch = write("first_name\n" + "Cher\n" * 6)
    here = connection.settings_dict
    url = f"postgres://{here['USER']}@{here['HOST']}:{here['PORT']}/{here['NAME']}"
    with cursor_of(url) as other, connection.cursor() as cursor:
        other.execute("BEGIN; LOCK TABLE actor IN SHARE UPDATE EXCLUSIVE MODE")
        cursor.execute("SET lock_timeout = '100ms'")
        call_command("undo_import", str(batch.pk))
        cursor.execute("RESET lock_timeout")
    assert "6 actors are as before" in capsys.readouterr().out and "left to autovacuum: canceling" in caplog.text
    assert list(Actor.objects.all()) == [actor]
