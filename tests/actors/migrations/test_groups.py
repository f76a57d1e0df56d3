"""The groups come with the migrations, and go with them."""

from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission, User
from django.db import connection

pytestmark = pytest.mark.django_db

migration = import_module("actors.migrations.0007_editors")
roles = import_module("actors.migrations.0011_roles")
merges = import_module("actors.migrations.0022_merges")
uploads = import_module("actors.migrations.0019_uploads")
unlock = import_module("actorsite.migrations.0001_unlock")
films = import_module("actors.migrations.0018_film_history")
RIGHTS = {"add_actor", "change_actor", "view_actor"}


class Editor:
    connection = connection


def rights():
    return set(Permission.objects.filter(group__name="Editors").values_list("codename", flat=True))


FILMS = {
    "add_film", "change_film", "view_film",
    "add_credit", "change_credit", "delete_credit", "view_credit", "view_filmchange",
}  # fmt: skip
ROLES = {
    "Editors": {*RIGHTS, *FILMS, "view_change"},
    "Curators": {
        *RIGHTS, *FILMS, "delete_film", "delete_actor", "view_change", "restore_change",
        "add_batch", "view_batch", "add_merge",
    },
    "Administrators": {
        *RIGHTS, *FILMS, "delete_film", "delete_actor", "view_change", "restore_change",
        "add_batch", "view_batch", "add_merge",
        "add_user", "change_user", "delete_user", "view_user", "view_group",
        "view_accessattempt", "delete_accessattempt",
    },
}  # fmt: skip


def rights_of_all():
    return {group.name: set(group.permissions.values_list("codename", flat=True)) for group in Group.objects.all()}


def test_each_group_has_just_its_rights():
    assert rights_of_all() == ROLES


def test_roles_made_again_are_the_same():
    roles.forwards(apps, Editor)
    unlock.forwards(apps, Editor)
    films.give(apps, Editor)
    uploads.forwards(apps, Editor)
    merges.forwards(apps, Editor)
    assert rights_of_all() == ROLES


def test_roles_taken_back_leave_what_was_before():
    merges.backwards(apps, Editor)
    uploads.backwards(apps, Editor)
    unlock.backwards(apps, Editor)
    films.take(apps, Editor)
    roles.backwards(apps, Editor)
    assert rights_of_all() == {"Editors": RIGHTS}
    User.objects.create_user("alice").groups.add(Group.objects.create(name="Curators"))
    roles.forwards(apps, Editor)
    roles.backwards(apps, Editor)
    assert rights_of_all() == {"Editors": RIGHTS, "Curators": set()}


@pytest.fixture
def editors_only():
    films.take(apps, Editor)
    roles.backwards(apps, Editor)


def test_made_again_it_is_the_same(editors_only):
    migration.forwards(apps, Editor)
    assert rights() == RIGHTS
    assert Group.objects.filter(name="Editors").count() == 1


def test_permissions_that_are_not_there_yet_are_made(editors_only):
    Permission.objects.filter(content_type__app_label="actors").delete()
    migration.forwards(apps, Editor)
    assert rights() == RIGHTS
    assert Permission.objects.get(codename="view_actor").name == "Can view actor"


def test_taken_back_it_is_gone(editors_only):
    migration.backwards(apps, Editor)
    migration.backwards(apps, Editor)
    assert not Group.objects.filter(name="Editors").exists()


def test_taken_back_a_group_in_use_stays_without_the_rights(editors_only):
    User.objects.create_user("alice").groups.add(Group.objects.get(name="Editors"))
    migration.backwards(apps, Editor)
    assert rights() == set()
    assert User.objects.get().groups.get().name == "Editors"
