"""Other names: one per line in forms, and in searches, pages, exports and the history."""

import csv
import io
import json
import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection

from actors.history.actors import restore_actor
from actors.models import Actor, Change
from tests.actors.admin.conflicts.test_actors import editor, inputs
from tests.actors.admin.test_actors import change_url, form
from tests.actors.history.test_merge import text

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]


@pytest.fixture
def jackie(db):
    return Actor.objects.create(
        first_name="Jackie", last_name="Chan", native_name="成龍", country="HK", also_known_as="Chan Kong-sang\n陳港生"
    )


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("Norma Jeane Mortenson\r\n\r\n Norma Jeane Baker \n", "Norma Jeane Mortenson / Norma Jeane Baker"),
        ("A / B/C /  D / A", "A / B/C / D"),
        (" / ", ""),
        ("Ce\u0301line", "C\u00e9line"),
    ],
)
def test_other_names_are_stored_separated_by_slashes(written, stored):
    actor = Actor.objects.create(first_name="Marilyn", also_known_as=written)
    actor.refresh_from_db()
    assert actor.also_known_as == stored
    assert [name for name, _language in actor.other_names] == ([*stored.split(" / ")] if stored else [])


@pytest.mark.parametrize("wrong", ["A\u202eB", "x" * 401, "A\x00"])
def test_invalid_other_name_is_refused(wrong):
    with pytest.raises(ValidationError):
        Actor(first_name="A", also_known_as=wrong).full_clean()


def test_other_names_are_searchable_after_save_and_sql(jackie):
    for query in ("kong-sang", "陳港生", "港生", "jackie SANG", "sa"):
        assert list(Actor.objects.search(query)) == [jackie], query
    with connection.cursor() as cursor:
        cursor.execute("UPDATE actor SET also_known_as = 'Fong Si-lung' WHERE actor_id = %s", [jackie.pk])
    assert not Actor.objects.search("sang")
    found = Actor.objects.search("fong").get()
    assert (found.version, found.search) == (2, " jackie chan 成龍 fong si lung")


def test_restored_actor_has_its_other_names(jackie):
    Actor.objects.filter(pk=jackie.pk).update(also_known_as="")
    last = Change.objects.first()
    assert (last.fields, last.before["also_known_as"]) == ("also_known_as", "Chan Kong-sang / 陳港生")
    restore_actor(Actor.objects, last, "before", 2)
    jackie.refresh_from_db()
    assert jackie.also_known_as == "Chan Kong-sang / 陳港生"


def test_restoring_a_state_without_the_field_leaves_it_unchanged(jackie):
    change = Change.objects.get()
    change.after.pop("also_known_as")
    restore_actor(Actor.objects, change, "after", 1)
    jackie.refresh_from_db()
    assert jackie.also_known_as == "Chan Kong-sang / 陳港生"


def test_public_page_marks_the_language_of_each_name(client, jackie):
    page = client.get(jackie.get_absolute_url()).content.decode()
    assert 'Also known as <bdi>Chan Kong-sang</bdi>, <bdi lang="zh-Hant">陳港生</bdi></p>' in page
    assert '"alternateName":["成龍","Chan Kong-sang","陳港生"]' in page
    Actor.objects.update(also_known_as="<b>bold</b>")
    assert "<bdi>&lt;b&gt;bold&lt;/b&gt;</bdi>" in client.get(jackie.get_absolute_url()).content.decode()
    Actor.objects.update(also_known_as="")
    assert "Also known as" not in client.get(jackie.get_absolute_url()).content.decode()


def test_other_names_are_a_list_in_json_and_one_cell_in_csv(client, jackie):
    names = ["Chan Kong-sang", "陳港生"]
    assert client.get("/actors.json?q=kong").json()["actors"][0]["also_known_as"] == names
    lines = b"".join(client.get("/actors.ndjson?q=kong").streaming_content)
    assert json.loads(lines)["also_known_as"] == names
    rows = b"".join(client.get("/actors.csv?q=kong").streaming_content).decode()
    assert next(csv.DictReader(io.StringIO(rows)))["also_known_as"] == " / ".join(names)
    schema = client.get("/openapi.json").json()["components"]["schemas"]["Actor"]["properties"]["also_known_as"]
    assert (schema["type"], schema["items"]) == ("array", {"type": "string"})


def test_form_shows_one_other_name_per_line(admin_client, jackie):
    page = admin_client.get(change_url(jackie)).content.decode()
    assert "Chan Kong-sang\n陳港生</textarea>" in page
    admin_client.post(change_url(jackie), form(jackie, also_known_as="Chan Kong-sang\r\nFong Si-lung"))
    jackie.refresh_from_db()
    assert (jackie.also_known_as, jackie.version) == ("Chan Kong-sang / Fong Si-lung", 2)
    admin_client.post(change_url(jackie), form(jackie, also_known_as="Chan Kong-sang\r\nFong Si-lung"))
    jackie.refresh_from_db()
    assert jackie.version == 2


LINES = "Chan Kong-sang\r\n陳港生"  # as a browser submits them


def test_unchanged_other_names_do_not_conflict(jackie):
    stale = form(jackie, country="CN", also_known_as=LINES)
    editor("bob").post(change_url(jackie), form(jackie, birth_year="1954", also_known_as=LINES))
    alice = editor("alice")
    response = alice.post(change_url(jackie), stale)
    page = response.content.decode()
    assert response.status_code == 409 and "Merge and save" in page
    assert "<legend>Country" in page and "<legend>Also known as" not in page
    assert alice.post(change_url(jackie), inputs(response)).status_code == 302
    jackie.refresh_from_db()
    assert (jackie.country, jackie.birth_year, jackie.also_known_as) == ("CN", 1954, "Chan Kong-sang / 陳港生")


@pytest.mark.parametrize("take", ["mine", "edited"])
def test_conflicting_other_names_are_edited_one_per_line(jackie, take):
    stale = form(jackie, also_known_as=f"{LINES}\r\nFong Si-lung")
    editor("bob").post(change_url(jackie), form(jackie, also_known_as=f"{LINES}\r\nSing Lung"))
    alice = editor("alice")
    response = alice.post(change_url(jackie), stale)
    data = inputs(response)
    assert data["edited_also_known_as"] == "Chan Kong-sang\n陳港生\nFong Si-lung"
    assert 'Keep mine</span></label> <span class="value">Chan Kong-sang / 陳港生 / Fong Si-lung<' in text(response)
    typed = {"edited_also_known_as": f"{LINES}\r\nSing Lung\r\nFong Si-lung"} if take == "edited" else {}
    assert alice.post(change_url(jackie), {**data, "take_also_known_as": take, **typed}).status_code == 302
    jackie.refresh_from_db()
    names = ["Chan Kong-sang", "陳港生", *(["Sing Lung"] if typed else []), "Fong Si-lung"]
    assert jackie.also_known_as == " / ".join(names)


@pytest.mark.once
def test_sqlite_migrations_add_and_remove_column_with_triggers(tmp_path):
    """To add a column, Django creates the table again, which drops all its triggers."""
    import sqlite3

    environment = {
        **os.environ, "SECRET_KEY": "abcde" * 10, "ALLOWED_HOSTS": "localhost", "DEBUG": "true",
        "DATABASE_URL": f"sqlite:///{tmp_path}/a.sqlite3",
    }  # fmt: skip

    def triggers(*target):
        migrate = [sys.executable, "manage.py", "migrate", *target]
        subprocess.run(migrate, cwd=settings.BASE_DIR, env=environment, check=True, capture_output=True)
        with sqlite3.connect(tmp_path / "a.sqlite3") as database:
            return database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY 1").fetchall()

    assert triggers("actors", "0001") == []
    keep = triggers("actors", "0002")
    assert dict(keep).keys() == {"actor_keep_insert", "actor_keep_update"}
    after = triggers("actors")
    names = {"actor_keep_insert", "actor_keep_update", "actor_note_insert", "actor_note_update", "actor_note_delete"}
    assert names < dict(after).keys()
    assert all(("also_known_as" in sql) == (name in names) for name, sql in after)
    assert triggers("actors", "0002") == keep
    assert triggers("actors", "0001") == []
    assert triggers("actors") == after
