"""The groups: migrations create them, and delete them when they are reversed."""

from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission, User
from django.db import connection

pytestmark = pytest.mark.django_db

groups = import_module("actors.migrations.0008_groups")
administrators = import_module("actorsite.migrations.0001_administrators")
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
# The permissions of Administrators in a site without the app actors.
ACCOUNTS = {
    "add_user", "change_user", "delete_user", "view_user", "view_group", "view_accessattempt", "delete_accessattempt",
}  # fmt: skip


def rights_of_all():
    return {group.name: set(group.permissions.values_list("codename", flat=True)) for group in Group.objects.all()}


def test_groups_have_exactly_their_permissions():
    assert rights_of_all() == ROLES


def test_repeated_migrations_change_nothing():
    groups.forwards(apps, Editor)
    administrators.forwards(apps, Editor)
    assert rights_of_all() == ROLES


def test_reversed_migration_removes_only_its_own_permissions():
    groups.backwards(apps, Editor)
    assert rights_of_all() == {"Administrators": ACCOUNTS}
    groups.forwards(apps, Editor)
    administrators.backwards(apps, Editor)
    assert rights_of_all() == {**ROLES, "Administrators": ROLES["Curators"]}
    groups.backwards(apps, Editor)
    assert rights_of_all() == {}
    User.objects.create_user("alice").groups.add(Group.objects.create(name="Curators"))
    groups.forwards(apps, Editor)
    groups.backwards(apps, Editor)
    assert rights_of_all() == {"Curators": set()}


@pytest.fixture
def no_groups():
    groups.backwards(apps, Editor)
    administrators.backwards(apps, Editor)


@pytest.mark.parametrize("order", [(groups, administrators), (administrators, groups)])
def test_order_of_migrations_does_not_affect_groups(no_groups, order):
    assert rights_of_all() == {}
    for migration in order:
        migration.forwards(apps, Editor)
    assert rights_of_all() == ROLES


def test_repeated_migration_creates_one_group(no_groups):
    groups.forwards(apps, Editor)
    groups.forwards(apps, Editor)
    assert rights() == ROLES["Editors"]
    assert Group.objects.filter(name="Editors").count() == 1


def test_missing_permissions_are_created(no_groups):
    Permission.objects.all().delete()
    groups.forwards(apps, Editor)
    administrators.forwards(apps, Editor)
    assert rights_of_all() == ROLES
    names = dict(Permission.objects.values_list("codename", "name"))
    assert names["view_actor"] == "Can view actor"
    assert names["restore_change"] == "Can restore an actor from the history"
    assert names["view_filmchange"] == "Can view change of a film"
    assert names["delete_accessattempt"] == "Can delete access attempt"


def test_reversed_migrations_delete_the_groups():
    groups.backwards(apps, Editor)
    groups.backwards(apps, Editor)
    assert not Group.objects.filter(name="Editors").exists()
    administrators.backwards(apps, Editor)
    administrators.backwards(apps, Editor)
    assert not Group.objects.exists()


def test_reversed_migrations_keep_groups_with_members():
    User.objects.create_user("alice").groups.add(Group.objects.get(name="Editors"))
    groups.backwards(apps, Editor)
    assert rights() == set()
    assert User.objects.get().groups.get().name == "Editors"
