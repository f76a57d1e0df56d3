"""Administrators may see who failed to sign in, and unlock accounts."""

from django.db import migrations

GROUP = "Administrators"
RIGHTS = {"view_accessattempt": "Can view access attempt", "delete_accessattempt": "Can delete access attempt"}


def forwards(apps, schema_editor):
    alias = schema_editor.connection.alias
    content_type, _made = (
        apps.get_model("contenttypes", "ContentType")
        .objects.using(alias)
        .get_or_create(app_label="axes", model="accessattempt")
    )
    group, _made = apps.get_model("auth", "Group").objects.using(alias).get_or_create(name=GROUP)
    for codename, name in RIGHTS.items():
        # On a new database Django has not made them yet.
        permission, _made = (
            apps.get_model("auth", "Permission")
            .objects.using(alias)
            .get_or_create(content_type=content_type, codename=codename, defaults={"name": name})
        )
        group.permissions.add(permission)


def backwards(apps, schema_editor):
    group = apps.get_model("auth", "Group").objects.using(schema_editor.connection.alias).filter(name=GROUP).first()
    if group:
        group.permissions.remove(*group.permissions.filter(content_type__app_label="axes", codename__in=RIGHTS))


class Migration(migrations.Migration):
    dependencies = [("actors", "0011_roles"), ("axes", "0010_accessattemptexpiration")]
    operations = [migrations.RunPython(forwards, backwards)]
