"""Give the group Administrators its permissions: to manage accounts, see their groups, and unlock them."""

from django.db import migrations

GROUP = "Administrators"
# (application, model): the names of its permissions by codename.
PERMISSIONS = {
    ("auth", "user"): {
        "add_user": "Can add user",
        "change_user": "Can change user",
        "delete_user": "Can delete user",
        "view_user": "Can view user",
    },
    ("auth", "group"): {"view_group": "Can view group"},
    ("axes", "accessattempt"): {
        "view_accessattempt": "Can view access attempt",
        "delete_accessattempt": "Can delete access attempt",
    },
}


def _permissions(apps, alias):
    """Yield the permissions. Django creates missing ones only after the last migration, so this creates them."""
    content_types = apps.get_model("contenttypes", "ContentType").objects.using(alias)
    permissions = apps.get_model("auth", "Permission").objects.using(alias)
    for (app_label, model), names in PERMISSIONS.items():
        content_type, _created = content_types.get_or_create(app_label=app_label, model=model)
        for codename, name in names.items():
            yield permissions.get_or_create(content_type=content_type, codename=codename, defaults={"name": name})[0]


def forwards(apps, schema_editor):
    """Create the group, and give it the permissions."""
    alias = schema_editor.connection.alias
    group, _created = apps.get_model("auth", "Group").objects.using(alias).get_or_create(name=GROUP)
    group.permissions.add(*_permissions(apps, alias))


def backwards(apps, schema_editor):
    """Remove the permissions, and the group if it then has no permissions and no members."""
    alias = schema_editor.connection.alias
    for group in apps.get_model("auth", "Group").objects.using(alias).filter(name=GROUP):
        group.permissions.remove(*_permissions(apps, alias))
        if not group.permissions.exists() and not group.user_set.exists():
            group.delete()


class Migration(migrations.Migration):
    """Add the group Administrators."""

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("axes", "0010_accessattemptexpiration"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(forwards, backwards)]
