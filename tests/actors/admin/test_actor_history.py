"""Actor history in the admin: recent changes, and restoring any state in two clicks."""

import re
from html import unescape

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from actors.history.attribution import attributed_to
from actors.models import Actor, Change
from tests.actors.admin.test_actors import LIST, change_url, form
from tests.actors.imports.test_imports import examined

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]

CHANGES = "/admin/actors/change/"


def member(name, group=None, **traits):
    person = User.objects.create_user(name, is_staff=True, **traits)
    if group:
        person.groups.add(Group.objects.get(name=group))
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def curator(actor):
    return member("carol", "Curators")


@pytest.fixture
def editor(actor):
    return member("edward", "Editors")


def shown(response):
    """Return the visible text of the page."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", response.content.decode())))


def buttons(response):
    """Return (URL, value, label) of each restore button."""
    matches = re.findall(
        r'formaction="([^"]+)" name="restore" value="([^"]+)">([^<]+)</button>', response.content.decode()
    )
    return [(action, value, label) for action, value, label in matches]


def click(client, button):
    return client.post(button[0], {"restore": button[1]}, follow=True)


def test_recent_changes_show_user_differences_and_source(curator, editor, actor):
    editor.post(change_url(actor), form(actor, biography="He worked with Kurosawa."))
    actor.refresh_from_db()
    editor.post(change_url(actor), form(actor, biography="He often worked with Kurosawa.", country="US"))
    page = curator.get(CHANGES)
    assert "country: Japan United States of America biography: He often worked with Kurosawa. edward admin" in shown(
        page
    )
    assert '<del class="gone">Japan</del>' in page.content.decode()
    assert '<ins class="come">often</ins>' in page.content.decode()
    assert "command" in shown(page)


@pytest.mark.parametrize(
    ("chosen", "count"),
    [
        ("kind=%2B", 2), ("kind=~", 2), ("kind=-", 1), ("origin=admin", 1), ("origin=sql", 0), ("field=country", 1),
        ("field=biography", 1), ("who=edward", 1), ("who=carol", 0), ("actor={pk}", 2), ("actor={other}", 3),
        ("field=biography&who=edward", 1), ("who=gone+long+since", 0), ("origin=import", 0),
    ],
)  # fmt: skip
def test_filters_list_matching_changes(curator, editor, actor, chosen, count):
    editor.post(change_url(actor), form(actor, biography="A."))
    other = Actor.objects.create(first_name="Other")
    Actor.objects.filter(pk=other.pk).update(country="FR")
    Actor.objects.filter(pk=other.pk).delete()
    page = curator.get(f"{CHANGES}?{chosen.format(pk=actor.pk, other=other.pk)}")
    assert len(page.context["cl"].result_list) == count


def test_user_name_links_to_all_changes_of_the_user(curator, actor):
    with attributed_to("who has left & gone", "import"):
        Actor.objects.filter(pk=actor.pk).update(country="FR")
    page = curator.get(CHANGES)
    assert '<a href="?who=who+has+left+%26+gone">who has left &amp; gone</a>' in page.content.decode()
    theirs = curator.get(f"{CHANGES}?who=who+has+left+%26+gone")
    assert [change.origin for change in theirs.context["cl"].result_list] == ["import"]
    assert "who has left & gone" in shown(theirs)


def test_import_filter_starts_at_last_import_with_changes(curator, actor):
    content = f"id,version,country\n{actor.pk},1,FR\n"
    with examined(content) as staging:
        staging.apply("carol", "one.csv")
    with examined(f"id,country\n{actor.pk},FR\n") as staging:
        staging.apply("carol", "nothing.csv")
    Actor.objects.filter(pk=actor.pk).update(country="US")
    page = curator.get(f"{CHANGES}?origin=import")
    assert [change.after["country"] for change in page.context["cl"].result_list] == ["FR"]
    assert Change.objects.count() == 3


def test_title_names_the_filtered_actor(curator, actor):
    assert "<h1>Recent changes</h1>" in curator.get(CHANGES).content.decode()
    assert "<h1>History of Toshirō Mifune</h1>" in curator.get(f"{CHANGES}?actor={actor.pk}").content.decode()


@pytest.mark.parametrize(
    "query", ["kind=x", "origin=x", "field=version", f"who={'x' * 151}", "who=%00", "actor=x", "before__x=1"]
)
def test_invalid_filters_return_400(curator, query):
    assert curator.get(f"{CHANGES}?{query}").status_code == 400


def test_actor_id_beyond_integer_range_lists_nothing(curator):
    assert not curator.get(f"{CHANGES}?actor=9999999999").context["cl"].result_list


def test_restore_takes_two_clicks(curator, editor, actor):
    editor.post(change_url(actor), form(actor, country="US", biography="Wrong."))
    page = curator.get(f"{LIST}{actor.pk}/history/", follow=True)  # the first click, on the form
    label = {label: (action, value, label) for action, value, label in buttons(page)}
    response = click(curator, label["Undo this change"])  # the second
    assert "Toshirō Mifune was restored." in shown(response)
    actor.refresh_from_db()
    assert (actor.country, actor.biography, actor.version) == ("JP", "", 3)
    last = Change.objects.first()
    assert (last.who, last.origin, last.fields) == ("carol", "admin", "country biography")


def test_undelete_takes_two_clicks(curator, actor):
    pk, public = actor.pk, actor.get_absolute_url()
    curator.post(f"{LIST}{pk}/delete/", {"post": "yes", "seen": 1})
    page = curator.get(f"{CHANGES}?kind=-")
    (button,) = buttons(page)
    assert button[2] == "Undelete"
    click(curator, button)
    assert str(Actor.objects.get(pk=pk)) == "Toshirō Mifune"
    assert Client().get(public).status_code == 200


def test_every_state_can_be_restored(curator, actor):
    for country in ("FR", "US", "DE"):
        Actor.objects.update(country=country)
    reached = set()
    for n in range(len(buttons(curator.get(CHANGES)))):
        click(curator, buttons(curator.get(f"{CHANGES}?actor={actor.pk}"))[-1 - n])
        reached.add(Actor.objects.get().country)
    assert reached >= {"JP", "FR", "US", "DE"}


def test_restore_of_changed_actor_returns_409(curator, actor):
    Actor.objects.update(country="FR")
    button = buttons(curator.get(CHANGES))[0]
    with attributed_to("edward", "import"):
        Actor.objects.update(country="US")
    response = click(curator, button)
    assert response.status_code == 409
    assert "Nothing was restored" in shown(response) and "edward (import), " in shown(response)
    assert Actor.objects.get().country == "US"


@pytest.mark.parametrize("value", ["", "before", "after:x", "pk:1", "before:1:1", "before:-1"])
def test_malformed_restore_is_refused(curator, actor, value):
    added = Change.objects.get()
    assert curator.post(f"{CHANGES}{added.pk}/restore/", {"restore": value}).status_code == 400
    assert curator.get(f"{CHANGES}{added.pk}/restore/").status_code == 405
    assert curator.post(f"{CHANGES}999999/restore/", {"restore": "after:1"}).status_code == 404


@pytest.mark.parametrize(
    ("group", "seen", "restored"),
    [(None, 403, 403), ("Editors", 200, 403), ("Curators", 200, 302), ("Administrators", 200, 302)],
)
def test_history_access_depends_on_role(actor, group, seen, restored):
    Actor.objects.update(country="FR")
    change = Change.objects.first()
    client = member("someone", group)
    page = client.get(CHANGES)
    assert page.status_code == seen
    assert bool(buttons(page)) is (restored == 302)
    assert client.post(f"{CHANGES}{change.pk}/restore/", {"restore": "before:2"}).status_code == restored
    assert Actor.objects.get().country == ("JP" if restored == 302 else "FR")
    for way in ("add/", f"{change.pk}/delete/"):
        assert client.get(f"{CHANGES}{way}").status_code == 403
    assert client.post(f"{CHANGES}{change.pk}/change/", {"who": "x"}).status_code == 403


def test_anonymous_user_is_redirected_to_login(actor):
    change = Change.objects.get()
    for response in (Client().get(CHANGES), Client().post(f"{CHANGES}{change.pk}/restore/", {"restore": "after:1"})):
        assert response.status_code == 302 and response["Location"].startswith("/admin/login/")


def test_script_in_history_is_escaped(curator, actor):
    Actor.objects.update(biography="<script>alert(1)</script>")
    page = curator.get(CHANGES).content.decode()
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page


# Accounts


def test_administrator_cannot_create_or_change_superusers(actor):
    client = member("adam", "Administrators")
    adam, root = User.objects.get(username="adam"), User.objects.create_superuser("root", password="x")
    users = "/admin/auth/user/"
    page = client.get(f"{users}{adam.pk}/change/").content.decode()
    assert 'name="is_superuser"' not in page and 'name="user_permissions"' not in page
    data = {"username": "adam", "is_superuser": "on", "is_staff": "on", "is_active": "on"}
    data |= {"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00", "first_name": "Adam"}
    client.post(f"{users}{adam.pk}/change/", data)
    adam.refresh_from_db()
    assert (adam.is_superuser, adam.first_name) == (False, "Adam")
    assert client.post(f"{users}{root.pk}/change/", {**data, "username": "toor"}).status_code == 403
    assert client.get(f"{users}{root.pk}/password/").status_code == 403
    assert client.post(f"{users}{root.pk}/delete/", {"post": "yes"}).status_code == 403
    client.post(users, {"action": "delete_selected", "_selected_action": root.pk, "post": "yes"})
    root.refresh_from_db()
    assert root.username == "root"
    assert client.get("/admin/auth/group/add/").status_code == 403
