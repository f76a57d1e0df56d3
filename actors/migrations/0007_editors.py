"""The group Editors: who may see, add and change actors.

Deleting is not among an editor's rights: a public address ends with it, which
is a decision for those who answer for the directory.
"""

from django.db import migrations

NAME = "Editors"
ACTIONS = ("add", "change", "view")


def forwards(apps, schema_editor):
    alias = schema_editor.connection.alias
    # Django makes the permissions only after the last migration, so on a new database they are not there yet.
    content_type, _made = (
        apps.get_model("contenttypes", "ContentType")
        .objects.using(alias)
        .get_or_create(app_label="actors", model="actor")
    )
    group, _made = apps.get_model("auth", "Group").objects.using(alias).get_or_create(name=NAME)
    for action in ACTIONS:
        permission, _made = (
            apps.get_model("auth", "Permission")
            .objects.using(alias)
            .get_or_create(
                content_type=content_type, codename=f"{action}_actor", defaults={"name": f"Can {action} actor"}
            )
        )
        group.permissions.add(permission)


def backwards(apps, schema_editor):
    """Take the rights back; the group goes too, unless it has members or rights of its own."""
    group = apps.get_model("auth", "Group").objects.using(schema_editor.connection.alias).filter(name=NAME).first()
    if group is None:
        return
    rights = [f"{action}_actor" for action in ACTIONS]
    group.permissions.remove(*group.permissions.filter(content_type__app_label="actors", codename__in=rights))
    if not group.permissions.exists() and not group.user_set.exists():
        group.delete()


class Migration(migrations.Migration):
    dependencies = [
        ("actors", "0006_films"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(forwards, backwards)]
