"""Every write of an actor adds exactly one history entry, for any user and any kind of write."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from django.core import serializers
from django.core.management import call_command
from django.db import connection, transaction

from actors.history.actors import TRACKED_FIELDS, changed_fields, restore_actor
from actors.history.attribution import attributed_to
from actors.history.errors import EditConflictError
from actors.history.word_diff import word_diff
from actors.models import Actor, Change
from tests.database import cursor_of
from tests.environment import DATABASE

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]


@pytest.fixture
def actor(actor):
    """Return Toshirō Mifune, with an empty history."""
    Change.objects.all().delete()
    actor.refresh_from_db()
    return actor


def entries():
    return list(Change.objects.order_by("pk").values_list("actor_id", "kind", "version", "fields", "who", "origin"))


def test_each_write_adds_one_entry(actor):
    new = Actor.objects.create(first_name="Cher", country="US")
    new.birth_year = 1946
    new.save()
    pk = new.pk
    new.delete()
    every = " ".join(TRACKED_FIELDS)
    assert entries() == [
        (pk, "+", 1, every, "", "command"),
        (pk, "~", 2, "birth_year", "", "command"),
        (pk, "-", 2, every, "", "command"),
    ]
    added, changed, deleted = Change.objects.order_by("pk")
    assert added.before is None
    assert added.after == changed.before == {
        "first_name": "Cher", "last_name": "", "native_name": "", "birth_year": None, "death_year": None,
        "country": "US", "biography": "", "also_known_as": "",
    }  # fmt: skip
    assert changed.after == deleted.before == {**added.after, "birth_year": 1946}
    assert deleted.after is None


def test_unchanged_save_adds_no_entry(actor):
    actor.save()
    Actor.objects.update(country="JP")
    assert entries() == []


def test_entry_has_changed_fields_and_both_states(actor):
    actor.native_name, actor.death_year = "三船", None
    actor.save()
    entry = Change.objects.get()
    assert entry.fields == "native_name death_year"
    assert entry.before["native_name"] == "三船敏郎" and entry.after["native_name"] == "三船"
    assert (entry.before["death_year"], entry.after["death_year"]) == (1997, None)


def test_bulk_writes_add_one_entry_per_actor(actor):
    made = Actor.objects.bulk_create(Actor(first_name=f"A{n}") for n in range(50))
    Actor.objects.filter(pk__in=[one.pk for one in made]).update(country="FR")
    for one in made:
        one.country, one.last_name = "FR", "B"
    Actor.objects.bulk_update(made, ["country", "last_name"])
    Actor.objects.filter(country="FR").delete()
    found = entries()
    assert [kind for _, kind, *_ in found] == ["+"] * 50 + ["~"] * 100 + ["-"] * 50
    for one in made:
        assert [(kind, version) for pk, kind, version, *_ in found if pk == one.pk] == [
            ("+", 1), ("~", 2), ("~", 3), ("-", 3)
        ]  # fmt: skip


def test_loaddata_adds_entries_only_for_changes(actor, tmp_path):
    fixture = tmp_path / "one.json"
    fixture.write_text(serializers.serialize("json", [actor]).replace("Toshirō", "Toshiro"))
    for _ in range(2):
        call_command("loaddata", str(fixture), verbosity=0)
    assert [(kind, fields) for _, kind, _, fields, *_ in entries()] == [("~", "first_name")]


def test_rolled_back_write_adds_no_entry(actor):
    with pytest.raises(RuntimeError), transaction.atomic():
        actor.delete()
        raise RuntimeError
    assert entries() == []


def test_nested_attribution_is_restored_after_each_block(actor):
    with attributed_to("alice", "admin"):
        Actor.objects.update(country="US")
        with attributed_to("bob", "import"):
            Actor.objects.update(country="FR")
        Actor.objects.update(country="GB")
    Actor.objects.update(country="JP")
    assert [entry[4:] for entry in entries()] == [
        ("alice", "admin"), ("bob", "import"), ("alice", "admin"), ("", "command")
    ]  # fmt: skip


def test_attribution_ends_when_a_block_fails(actor):
    with pytest.raises(RuntimeError), attributed_to("alice", "admin"):
        raise RuntimeError
    Actor.objects.update(country="FR")
    assert entries()[0][4:] == ("", "command")


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_attribution_ends_after_a_block_that_opened_the_connection(actor):
    """Regression: the name stayed with the connection, and was recorded for all its later writes."""
    connection.close()
    with attributed_to("alice", "import", 77):
        Actor.objects.update(country="US")
    Actor.objects.update(country="FR")
    assert list(Change.objects.order_by("pk").values_list("who", "origin", "batch_id")) == [
        ("alice", "import", 77), ("", "command", None)
    ]  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_attribution_is_separate_for_each_thread(actor):
    """Several users each change a different actor at the same time."""
    people = [f"p{n}" for n in range(10 if DATABASE == "postgresql" else 3)]
    actors = {who: Actor.objects.create(first_name=who).pk for who in people}

    def edit(who):
        with attributed_to(who, "admin"):
            Actor.objects.filter(pk=actors[who]).update(country="FR")
        connection.close()

    with ThreadPoolExecutor(len(people) if DATABASE == "postgresql" else 1) as pool:
        list(pool.map(edit, people))
    for who in people:
        assert Change.objects.get(actor_id=actors[who], kind="~").who == who


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_raw_sql_adds_entries_with_the_database_user(actor):
    url = connection.settings_dict
    with cursor_of(f"postgres://{url['USER']}@{url['HOST']}:{url['PORT']}/{url['NAME']}") as cursor:
        cursor.execute("SELECT session_user")
        (someone,) = cursor.fetchone()
        cursor.execute("UPDATE actor SET country = 'FR'")
        cursor.execute(
            "INSERT INTO actor (actor_id, first_name, last_name) SELECT actor_id, 'New', 'One' FROM actor "
            "ON CONFLICT (actor_id) DO UPDATE SET first_name = EXCLUDED.first_name"
        )
        cursor.execute("UPDATE actor SET actor_id = actor_id + 1")
        cursor.execute("TRUNCATE actor CASCADE")
    assert [(pk, kind, version, who, origin) for pk, kind, version, _, who, origin in entries()] == [
        (actor.pk, "~", 2, someone, "sql"),
        (actor.pk, "~", 3, someone, "sql"),
        (actor.pk, "-", 3, someone, "sql"),
        (actor.pk + 1, "+", 3, someone, "sql"),
        (actor.pk + 1, "-", 3, someone, "sql"),
    ]


# Restoring


def test_any_state_can_be_restored(actor):
    for country in ("FR", "US", "DE"):
        Actor.objects.update(country=country)
    first = Change.objects.order_by("pk").first()
    back, _lost = restore_actor(Actor.objects, first, "before", seen=4)
    actor.refresh_from_db()
    assert (actor.country, actor.version, back.pk) == ("JP", 5, actor.pk)
    assert entries()[-1][1:4] == ("~", 5, "country")


def test_deleted_actor_is_restored_with_its_id(actor):
    pk = actor.pk
    Actor.objects.update(country="FR")
    actor.delete()
    restore_actor(Actor.objects, Change.objects.first(), "before", seen=None)
    back = Actor.objects.get(pk=pk)
    assert (str(back), back.country, back.version) == ("Toshirō Mifune", "FR", 3)
    assert Actor.objects.search("mifune").get() == back
    assert entries()[-1][1:3] == ("+", 3)


def test_restore_of_changed_actor_raises_conflict(actor):
    Actor.objects.update(country="FR")
    Actor.objects.update(country="US")
    with pytest.raises(EditConflictError) as caught:
        restore_actor(Actor.objects, Change.objects.last(), "before", seen=2)
    assert caught.value.now.country == "US"
    with pytest.raises(EditConflictError):
        restore_actor(Actor.objects, Change.objects.last(), "before", seen=None)


def test_differences_are_shown_word_by_word():
    assert changed_fields({"first_name": "A", "country": ""}, {"first_name": "B", "country": None}) == [
        ("first_name", "A", "B")
    ]
    assert word_diff("an actor of films", "an actor of many films") == [
        ("same", "an actor of"), ("come", "many"), ("same", "films")
    ]  # fmt: skip
    assert word_diff(1920, None) == [("gone", "1920")]


@pytest.mark.parametrize(
    ("old", "new"), [("a b a", "a"), ("a", "a b a"), ("x a b y", "x b a y"), ("a a", "a a"), ("", "a")]
)
def test_pieces_of_a_difference_contain_both_texts(old, new):
    pieces = word_diff(old, new)
    for text, without in ((old, "come"), (new, "gone")):
        assert " ".join(piece for kind, piece in pieces if kind != without) == text
    assert all(kind != following for (kind, _text), (following, _text) in pairwise(pieces))


def test_long_differences_are_shown_as_a_whole():
    words = [str(number) for number in range(20_000)]
    changed = [word if number % 50 else f"new {word}" for number, word in enumerate(words)]
    changed[0], changed[-1] = words[0], words[-1]
    kinds = [kind for kind, _text in word_diff(" ".join(words), " ".join(changed))]
    assert kinds == ["same", "gone", "come", "same"]
    assert word_diff(" ".join(words), " ".join([*words, "end"]))[1:] == [("come", "end")]
