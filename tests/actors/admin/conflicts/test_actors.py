"""Edit conflicts of actors: no save overwrites a change that its editor has not seen."""

import json
import re
import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.test import Client

from actors.admin.actors import ActorAdmin
from actors.admin.conflicts.field_conflicts import conflicting_fields
from actors.history.actors import TRACKED_FIELDS
from actors.models import Actor, Change
from tests import server
from tests.actors.admin.test_actors import LIST, change_url, form
from tests.clients import PASSWORD
from tests.database import cursor_of

pytestmark = pytest.mark.django_db


def editor(name, *rights):
    person = User.objects.create_user(name, password=PASSWORD, is_staff=True)
    person.groups.add(Group.objects.get(name="Editors"))
    person.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def alice(actor):
    return editor("alice", "delete_actor")


@pytest.fixture
def bob(actor):
    return editor("bob")


def inputs(response):
    """Return the data that a browser would submit from an untouched conflict page."""
    page = response.content.decode()
    data = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    data |= {
        name: unescape(text).removeprefix("\n")
        for name, text in re.findall(r'<textarea name="(\w+)"[^>]*>(.*?)</textarea>', page, re.DOTALL)
    }
    data |= dict(re.findall(r'<input type="radio" name="(\w+)" value="(\w+)"[^>]* checked', page))
    data |= dict(re.findall(r'<input type="text" name="(\w+)" value="([^"]*)"', page))
    data.pop("csrfmiddlewaretoken", None)
    return {**data, "_save": "Save"}


def test_stale_save_returns_409_with_all_versions(alice, bob, actor):
    bob.post(change_url(actor), form(actor, country="FR", last_name="Mifune-San"))
    response = alice.post(change_url(actor), form(actor, country="US"))
    page = re.sub(r"\s+", " ", response.content.decode())
    assert response.status_code == 409
    assert "was changed while you were editing" in page
    assert "theirs: bob, 20" in page
    for side, value in (("Before", "Japan"), ("Use theirs", "France"), ("Keep mine", "United States of America")):
        assert re.search(rf'{side}</span>(</label>)? <span class="value">{value}</span>', page), side
    actor.refresh_from_db()
    assert (actor.country, actor.last_name, actor.version) == ("FR", "Mifune-San", 2)


@pytest.mark.parametrize(("take", "kept"), [("theirs", "FR"), ("mine", "US"), ("edited", "DE")])
def test_chosen_side_of_a_field_is_saved(alice, bob, actor, take, kept):
    bob.post(change_url(actor), form(actor, country="FR"))
    data = inputs(alice.post(change_url(actor), form(actor, country="US")))
    typed = {"edited_country": "DE"} if take == "edited" else {}
    response = alice.post(change_url(actor), {**data, "take_country": take, **typed})
    assert response.status_code == 302
    actor.refresh_from_db()
    assert actor.country == kept
    assert (actor.first_name, actor.native_name, actor.birth_year) == ("Toshirō", "三船敏郎", 1920)


def test_changes_of_different_fields_are_preselected_for_merging(alice, bob, actor):
    bob.post(change_url(actor), form(actor, biography="He said:\r\n\r\n<b>no</b>."))
    response = alice.post(change_url(actor), form(actor, birth_year="1921"))
    assert response.status_code == 409 and "Merge and save" in response.content.decode()
    assert alice.post(change_url(actor), inputs(response)).status_code == 302
    actor.refresh_from_db()
    assert (actor.biography, actor.birth_year) == ("He said:\n\n<b>no</b>.", 1921)
    assert list(Change.objects.order_by("pk").values_list("who", "origin", "fields"))[1:] == [
        ("bob", "admin", "biography"),
        ("alice", "admin", "birth_year"),
    ]


def test_missing_choice_shows_the_conflict_page_again(alice, bob, actor):
    bob.post(change_url(actor), form(actor, country="FR"))
    data = inputs(alice.post(change_url(actor), form(actor, country="US")))
    assert "take_country" not in data
    again = alice.post(change_url(actor), data)
    assert again.status_code == 409 and inputs(again) == data
    actor.refresh_from_db()
    assert actor.country == "FR"


@pytest.mark.parametrize("side", ["theirs", "mine", None])
def test_typed_text_is_kept_if_edit_was_not_chosen(alice, bob, actor, side):
    bob.post(change_url(actor), form(actor, country="FR", biography="Theirs."))
    data = inputs(alice.post(change_url(actor), form(actor, country="US", biography="Mine.")))
    typed = {"edited_biography": "Both:\r\ntyped.", "edited_country": "US", "take_country": "mine"}
    chosen = {"take_biography": side} if side else {}
    response = alice.post(change_url(actor), {**data, **typed, **chosen})
    page = response.content.decode()
    assert response.status_code == 409 and "did not select Edit for Biography." in page
    actor.refresh_from_db()
    assert (actor.country, actor.biography) == ("FR", "Theirs.")
    again = inputs(response)
    assert {name: again[name] for name in ("take_biography", "take_country")} == {
        "take_biography": "edited",
        "take_country": "mine",
    }
    assert [again[f"{side}_biography"].split() for side in ("theirs", "mine", "edited")] == [
        ["Theirs."],
        ["Mine."],
        ["Both:", "typed."],
    ]
    assert alice.post(change_url(actor), again).status_code == 302
    actor.refresh_from_db()
    assert (actor.country, actor.biography) == ("US", "Both:\ntyped.")


def test_typed_text_can_be_discarded_on_the_second_conflict_page(alice, bob, actor):
    bob.post(change_url(actor), form(actor, biography="Theirs."))
    data = inputs(alice.post(change_url(actor), form(actor, biography="Mine.")))
    typed = {"edited_biography": "Typed.", "take_biography": "mine"}
    again = inputs(alice.post(change_url(actor), {**data, **typed}))
    assert alice.post(change_url(actor), {**again, "take_biography": "mine"}).status_code == 302
    actor.refresh_from_db()
    assert actor.biography == "Mine."


def test_typed_text_is_kept_in_a_second_conflict(alice, bob, actor):
    bob.post(change_url(actor), form(actor, biography="Theirs."))
    data = inputs(alice.post(change_url(actor), form(actor, biography="Mine.")))
    actor.refresh_from_db()
    bob.post(change_url(actor), form(actor, biography="Theirs again."))
    typed = {"edited_biography": "Typed.", "take_biography": "theirs"}
    again = inputs(alice.post(change_url(actor), {**data, **typed}))
    assert (again["theirs_biography"], again["mine_biography"]) == ("Theirs again.", "Typed.")
    assert "take_biography" not in again


def test_change_during_a_conflict_shows_a_second_conflict(alice, bob, actor):
    bob.post(change_url(actor), form(actor, country="FR"))
    data = inputs(alice.post(change_url(actor), form(actor, country="US")))
    actor.refresh_from_db()
    bob.post(change_url(actor), form(actor, birth_year="1919"))
    response = alice.post(change_url(actor), {**data, "take_country": "mine"})
    assert response.status_code == 409
    data = inputs(response)
    assert (data["take_country"], data["take_birth_year"]) == ("mine", "theirs")
    assert alice.post(change_url(actor), data).status_code == 302
    actor.refresh_from_db()
    assert (actor.country, actor.birth_year) == ("US", 1919)


def test_invalid_edited_value_shows_error_and_can_be_fixed(alice, bob, actor):
    bob.post(change_url(actor), form(actor, birth_year="1919"))
    data = inputs(alice.post(change_url(actor), form(actor, birth_year="1921")))
    response = alice.post(change_url(actor), {**data, "take_birth_year": "edited", "edited_birth_year": "1066"})
    assert response.status_code == 200 and "Enter a year from 1800" in response.content.decode()
    seen = re.search(r'name="seen" value="(\d+)"', response.content.decode())[1]
    assert alice.post(change_url(actor), form(actor, birth_year="1922", seen=seen)).status_code == 302


def test_same_change_by_both_editors_leaves_nothing_to_save(alice, bob, actor):
    bob.post(change_url(actor), form(actor, country="FR"))
    response = alice.post(change_url(actor), form(actor, country="FR"))
    assert response.status_code == 409 and "There is nothing left to save" in response.content.decode()


def test_change_by_bulk_update_causes_a_conflict(alice, actor):
    Actor.objects.filter(pk=actor.pk).update(country="FR")
    assert alice.post(change_url(actor), form(actor, country="US")).status_code == 409


def test_save_of_a_deleted_actor_returns_409_with_typed_text(alice, bob, actor):
    stale = form(actor, biography="A long text <b>.")
    pk = actor.pk
    alice.post(f"{LIST}{pk}/delete/", {"post": "yes", "seen": 1})
    response = bob.post(f"{LIST}{pk}/change/", stale)
    page = response.content.decode()
    assert response.status_code == 409
    assert "was deleted while you were editing" in page and "deleted by alice" in page
    assert "A long text &lt;b&gt;." in page
    assert not Actor.objects.exists()


@pytest.mark.parametrize("seen", ["", "0", "x", "-1", "²", "9" * 5000, "1 "])
def test_form_without_valid_version_returns_409(alice, actor, seen):
    assert alice.post(change_url(actor), form(actor, country="US", seen=seen)).status_code == 409
    actor.refresh_from_db()
    assert actor.version == 1


@pytest.mark.parametrize("spelling", ["_3{}", "+{}", " {}", "0x{}", "{}.0"])
def test_other_spelling_of_an_id_does_not_bypass_version_check(alice, actor, spelling):
    Actor.objects.filter(pk=actor.pk).update(country="FR")
    pk = spelling.format(actor.pk)
    assert alice.post(f"{LIST}{pk}/change/", form(actor, country="US")).status_code in (302, 404, 409)
    assert alice.post(f"{LIST}{pk}/delete/", {"post": "yes", "seen": 1}).status_code in (302, 404, 409)
    actor.refresh_from_db()
    assert actor.country == "FR"


def test_stale_deletion_returns_409(alice, bob, actor):
    confirmation = alice.get(f"{LIST}{actor.pk}/delete/").content.decode()
    seen = re.search(r'name="seen" value="(\d+)"', confirmation)[1]
    bob.post(change_url(actor), form(actor, country="FR"))
    response = alice.post(f"{LIST}{actor.pk}/delete/", {"post": "yes", "seen": seen})
    assert response.status_code == 409 and "by bob (admin), 20" in response.content.decode()
    assert Actor.objects.get() == actor
    assert alice.post(f"{LIST}{actor.pk}/delete/", {"post": "yes", "seen": 2}).status_code == 302
    assert not Actor.objects.exists()


def test_delete_action_deletes_nothing_if_a_version_is_stale(alice, bob, actor):
    other = Actor.objects.create(first_name="Other")
    chosen = {"action": "delete_selected", "_selected_action": [actor.pk, other.pk]}
    confirmation = alice.post(LIST, chosen).content.decode()
    seen = re.search(r'name="seen" value="([^"]+)"', confirmation)[1]
    bob.post(change_url(actor), form(actor, country="FR"))
    response = alice.post(LIST, {**chosen, "post": "yes", "seen": seen})
    assert response.status_code == 409 and "Mifune" in response.content.decode()
    for crafted in ({}, {"seen": "x"}, {"seen": f"{other.pk}:1"}, {"seen": seen, "select_across": "1"}):
        assert alice.post(LIST, {**chosen, "post": "yes", **crafted}).status_code == 409
        assert Actor.objects.count() == 2
    seen = f"{actor.pk}:2 {other.pk}:1"
    assert alice.post(LIST, {**chosen, "post": "yes", "seen": seen}).status_code == 302
    assert not Actor.objects.exists()


def test_delete_action_ignores_selection_across_pages(alice, actor):
    other = Actor.objects.create(first_name="Other")
    chosen = {"action": "delete_selected", "_selected_action": [other.pk], "select_across": "1"}
    assert alice.post(LIST, {**chosen, "post": "yes", "seen": f"{other.pk}:1"}).status_code == 302
    assert Actor.objects.get() == actor


def test_list_has_no_editable_fields():
    assert ActorAdmin.list_editable == ()


def test_user_without_change_permission_gets_403_instead_of_conflict(actor):
    reader = Client()
    person = User.objects.create_user("carol", is_staff=True)
    person.user_permissions.add(Permission.objects.get(codename="view_actor"))
    reader.force_login(person)
    assert reader.post(change_url(actor), form(actor, seen=7)).status_code == 403
    assert reader.post(f"{LIST}{actor.pk}/delete/", {"post": "yes", "seen": 7}).status_code == 403
    assert Client().post(change_url(actor), form(actor, seen=7)).status_code == 302


def test_base_state_is_found_without_its_own_history_entry(alice, actor):
    """The history entry of the next version contains that state too, as the state before the change."""
    Actor.objects.filter(pk=actor.pk).update(country="FR")
    Change.objects.filter(version=1).delete()
    Change.objects.create(actor_id=actor.pk, version=1, kind="-", before={"first_name": "Earlier"})
    data = inputs(alice.post(change_url(actor), form(actor, birth_year="1921")))
    assert (data["take_country"], data["take_birth_year"]) == ("theirs", "mine")


def test_conflict_without_history_preselects_no_side(alice, actor):
    Actor.objects.filter(pk=actor.pk).update(country="FR")
    Change.objects.all().delete()
    response = alice.post(change_url(actor), form(actor, birth_year="1921"))
    assert response.status_code == 409
    assert not [name for name in inputs(response) if name in ("take_country", "take_birth_year")]


def test_field_changed_by_both_editors_has_no_preselected_side():
    blank = dict.fromkeys(TRACKED_FIELDS, "")
    rows = conflicting_fields(
        {**blank, "country": "JP", "birth_year": 1}, {**blank, "country": "FR"}, {**blank, "country": "US"}
    )
    assert [(row["name"], row["was"], row["theirs"], row["mine"], row["take"]) for row in rows] == [
        ("country", "JP", "FR", "US", "")
    ]


class Editor:
    """An HTTP client for a live server. ``cookies`` hold the session of a signed-in user."""

    def __init__(self, server, cookies):
        self.server, self.cookies = server, cookies

    def send(self, method, path, body=None):
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        # The header of the trusted proxy, so that the site treats the request as HTTPS.
        headers |= {"X-Forwarded-Proto": "https", "Host": "localhost", "Referer": "https://localhost/"}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        status, response, page = self.server.request(method, path, headers, body, timeout=60)
        for cookie in response.get_all("Set-Cookie") or ():
            name, value = cookie.split(";")[0].split("=", 1)
            self.cookies[name] = value
        return status, page.decode()

    def get(self, path):
        return self.send("GET", path)[1]

    def post(self, path, data):
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.get(path))[1]
        return self.send("POST", path, urlencode({**data, "csrfmiddlewaretoken": token}))[0]


# Creates twenty users, signs them in and prints their cookies. Checking twenty passwords would take seconds.
PEOPLE = """
import json
from django.contrib.auth.models import User
from django.test import Client
from actors.models import Actor
Actor.objects.create(pk=1, first_name="Before")
clients = [Client() for _ in range(20)]
for n, client in enumerate(clients):
    client.force_login(User.objects.create(username=f"p{n}", is_staff=True, is_superuser=True))
print(json.dumps([{name: cookie.value for name, cookie in client.cookies.items()} for client in clients]))
"""


@pytest.fixture
def site_without_guard(tmp_path, monkeypatch):
    """Copy the site's code, and remove optimistic locking from the actor admin."""
    folder = tmp_path / "site"
    shutil.copytree(server.site(), folder)
    admin = folder / "actors" / "admin" / "actors.py"
    code = admin.read_text(encoding="utf-8")
    guarded = "ActorConflictMixin, IdempotentAddMixin, "
    assert guarded in code
    admin.write_text(code.replace(guarded, "IdempotentAddMixin, "), encoding="utf-8")
    monkeypatch.setattr(server, "site", lambda: folder)


def save_twenty_times_at_once():
    """Let twenty users save version 1 of an actor; return {status: number of responses} and the final version."""
    with server.migrated_database() as url:
        done = server.manage("shell", "-c", PEOPLE, DATABASE_URL=url)
        assert done.returncode == 0, done.stderr
        variables = {"TRUSTED_PROXIES": "127.0.0.0/8", "WEB_THREADS": "10", "WEB_CONCURRENCY": "2"}
        with server.Server(url, **variables) as live, ThreadPoolExecutor(20) as pool:
            people = [Editor(live, cookies) for cookies in json.loads(done.stdout.splitlines()[-1])]

            def save(n):
                data = {"first_name": f"By p{n}", "seen": "1", "_save": "Save"}
                return people[n].post("/admin/actors/actor/1/change/", data)

            responses = Counter(pool.map(save, range(20)))
        with cursor_of(url) as cursor:
            cursor.execute("SELECT version FROM actor")
            return responses, cursor.fetchone()[0]


@pytest.mark.postgresql
def test_twenty_simultaneous_saves_store_one_change():
    assert save_twenty_times_at_once() == ({302: 1, 409: 19}, 2)


@pytest.mark.postgresql
def test_default_admin_accepts_twenty_concurrent_saves(site_without_guard):
    """Without optimistic locking, all twenty saves succeed: the previous test can fail."""
    assert save_twenty_times_at_once() == ({302: 20}, 21)


@pytest.mark.parametrize(
    ("stored", "sent"),
    [
        ({"last_name": "Lee "}, {"last_name": "Lee "}),
        ({"native_name": "Ce\u0301line"}, {"native_name": "Ce\u0301line"}),
        ({"biography": "One.\r\n\r\nTwo."}, {"biography": "One.\r\n\r\nTwo."}),
        ({"biography": "One.\r\n\r\nTwo.", "also_known_as": "A / A"}, {"biography": "One.\r\n\r\nTwo."}),
    ],
)
def test_unnormalized_stored_text_causes_no_conflict(alice, actor, stored, sent):
    """Text written by SQL is normalized only when a form is saved."""
    with connection.cursor() as cursor:
        for name, text in stored.items():
            cursor.execute(f"UPDATE actor SET {name} = %s WHERE actor_id = %s", [text, actor.pk])
    actor.refresh_from_db()
    stale = {**form(actor, country="FR"), **sent}
    Actor.objects.filter(pk=actor.pk).update(birth_year=1921)
    response = alice.post(change_url(actor), stale)
    assert re.findall(r"<legend>(.*?)(?: <|<)", response.content.decode()) == ["Year of birth", "Country"]
    assert alice.post(change_url(actor), inputs(response)).status_code == 302
    actor.refresh_from_db()
    assert (actor.country, actor.birth_year) == ("FR", 1921)
