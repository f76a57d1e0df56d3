"""Give the groups Editors, Curators and Administrators their permissions for actors and films.

Editors cannot delete actors or films: a deletion ends a public URL, so only
curators may delete. Administrators have the permissions of curators. A migration of
``actorsite``, which may run before or after this one, adds those for accounts.
"""

from django.db import migrations

EDITORS = {
    "actor": ["add", "change", "view"],
    "film": ["add", "change", "view"],
    "credit": ["add", "change", "delete", "view"],
    "change": ["view"],
    "filmchange": ["view"],
}
CURATORS = {
    **EDITORS,
    "actor": ["add", "change", "delete", "view"],
    "film": ["add", "change", "delete", "view"],
    "change": ["restore", "view"],
    "batch": ["add", "view"],
    "merge": ["add"],
}
GROUPS = {"Editors": EDITORS, "Curators": CURATORS, "Administrators": CURATORS}
NAMES = {
    "add_batch": "Can add import",
    "view_batch": "Can view import",
    "restore_change": "Can restore an actor from the history",
    "view_filmchange": "Can view change of a film",
}


def _permissions(apps, alias, actions_by_model):
    """Yield the permissions. Creates missing ones, because Django does that only after the last migration."""
    content_types = apps.get_model("contenttypes", "ContentType").objects.using(alias)
    permissions = apps.get_model("auth", "Permission").objects.using(alias)
    for model, actions in actions_by_model.items():
        content_type, _created = content_types.get_or_create(app_label="actors", model=model)
        for action in actions:
            codename = f"{action}_{model}"
            name = NAMES.get(codename, f"Can {action} {model}")
            yield permissions.get_or_create(content_type=content_type, codename=codename, defaults={"name": name})[0]


def forwards(apps, schema_editor):
    """Create the groups with their permissions."""
    alias = schema_editor.connection.alias
    for name, actions_by_model in GROUPS.items():
        group, _created = apps.get_model("auth", "Group").objects.using(alias).get_or_create(name=name)
        group.permissions.add(*_permissions(apps, alias, actions_by_model))


def backwards(apps, schema_editor):
    """Remove the permissions, and each group that then has no permissions and no members."""
    alias = schema_editor.connection.alias
    for group in apps.get_model("auth", "Group").objects.using(alias).filter(name__in=GROUPS):
        group.permissions.remove(*_permissions(apps, alias, GROUPS[group.name]))
        if not group.permissions.exists() and not group.user_set.exists():
            group.delete()


class Migration(migrations.Migration):
    """Create the groups with their permissions."""

    dependencies = [
        ("actors", "0007_data_version"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(forwards, backwards)]
