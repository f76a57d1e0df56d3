"""An adopted database may have actors without a name and films without a title: the admin shows their ids."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from actors.admin.film_history import describe_changes
from actors.history.merge import combined_other_names
from actors.models import Actor, Change, Credit, Film, FilmChange
from tests.actors.history.test_undo import write
from tests.breadcrumbs import breadcrumbs

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]


@pytest.fixture
def nameless(root):
    """Return an actor without a name, as before the constraint existed, in a film without a title."""
    rule_off, rule_on = {
        "postgresql": (
            "ALTER TABLE actor DROP CONSTRAINT actor_has_a_name",
            "SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE actor ADD CONSTRAINT actor_has_a_name "
            "CHECK (first_name <> '' OR last_name <> '') NOT VALID",
        ),
        "sqlite": ("PRAGMA ignore_check_constraints = ON", "PRAGMA ignore_check_constraints = OFF"),
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(rule_off)
        actor = Actor.objects.create()
        cursor.execute(rule_on)
    Credit.objects.create(actor=actor, film=Film.objects.create(title=""))
    return actor


@pytest.mark.parametrize(("kind", "model"), [("actor", Actor), ("film", Film)])
def test_admin_pages_show_ids_of_nameless_objects(client, nameless, kind, model):
    obj = model.objects.get()
    admin, name = f"/admin/actors/{kind}", f"#{obj.pk}"
    assert f'/{obj.pk}/change/">{name}</a>' in client.get(f"{admin}/").content.decode()
    form = client.get(f"{admin}/{obj.pk}/change/").content.decode()
    assert f"<title>{name} | " in form and f"<h2>{name}</h2>" in form and breadcrumbs(form)[-1] == name
    deletion = client.get(f"{admin}/{obj.pk}/delete/").content.decode()
    assert breadcrumbs(deletion)[-2:] == [name, "Delete"] and f'/change/">{name}</a>' in deletion
    assert f"Delete “{name}”?" in deletion
    history = client.get(f"{admin}/{obj.pk}/history/", follow=True).content.decode()
    assert f"<h1>History of {name}</h1>" in history and f'/change/">{name}</a>' in history


def test_history_of_deleted_nameless_objects_shows_ids(client, nameless):
    pk, film = nameless.pk, Film.objects.get().pk
    nameless.delete()
    Film.objects.all().delete()
    assert {str(change) for change in Change.objects.all()} == {f"#{pk}"}
    assert {str(change) for change in FilmChange.objects.filter(credit_id=None)} == {f"#{film}"}
    assert {change.actor_name for change in describe_changes(FilmChange.objects.exclude(credit_id=None))} == {
        f"#{pk} (deleted)"
    }


def test_film_history_shows_the_id_of_a_nameless_actor_once(client, nameless):
    credit = FilmChange.objects.exclude(credit_id=None)
    assert [change.actor_name for change in describe_changes(credit)] == [f"#{nameless.pk}"]


def test_film_without_title_shows_its_year(nameless):
    assert str(Film(pk=5, title="", year=1954)) == "#5 (1954)"


def test_id_of_a_nameless_actor_is_not_used_as_a_name(nameless, actor):
    values = {"first_name": "Toshirō", "last_name": "Mifune", "native_name": "三船敏郎"}
    assert combined_other_names(nameless, actor, values) == ""
    assert nameless.get_absolute_url() == f"/actors/{nameless.pk}-actor/"


NO_NAME = "a name is now required"


@pytest.mark.parametrize("deleted", [False, True])
def test_restore_of_a_nameless_state_is_refused(client, nameless, deleted):
    pk = nameless.pk
    if deleted:
        nameless.delete()
        seen, state = "", []
    else:
        Actor.objects.filter(pk=pk).update(first_name="Named")
        seen, state = "2", ["Named"]
    last = Change.objects.filter(actor_id=pk).latest("pk")
    response = client.post(f"/admin/actors/change/{last.pk}/restore/", {"restore": f"before:{seen}"}, follow=True)
    assert NO_NAME in response.content.decode()
    assert list(Actor.objects.values_list("first_name", flat=True)) == state


def test_undo_to_a_nameless_state_is_refused(client, nameless):
    batch = write(f"id,version,first_name\n{nameless.pk},1,Named\n,,Other\n")
    response = client.post(f"/admin/actors/batch/{batch.pk}/undo/", follow=True)
    assert NO_NAME in response.content.decode()
    with pytest.raises(CommandError, match=NO_NAME):
        call_command("undo_import", str(batch.pk))
    assert set(Actor.objects.values_list("first_name", flat=True)) == {"Named", "Other"}
