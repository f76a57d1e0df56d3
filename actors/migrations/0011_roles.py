"""Who may do what: Editors see the history too; Curators may also delete and go back; Administrators keep accounts."""

from django.db import migrations

EDITORS = {"actors": {"actor": ["add", "change", "view"], "change": ["view"]}}
CURATORS = {"actors": {"actor": ["add", "change", "delete", "view"], "change": ["view", "restore"]}}
ADMINISTRATORS = {**CURATORS, "auth": {"user": ["add", "change", "delete", "view"], "group": ["view"]}}
ROLES = {"Editors": EDITORS, "Curators": CURATORS, "Administrators": ADMINISTRATORS}
NAMES = {"restore_change": "Can restore an actor from the history"}


def _rights(apps, alias, role):
    """Return the permissions of a role. On a new database Django has not made them yet."""
    for app, models in role.items():
        for model, actions in models.items():
            content_type, _made = (
                apps.get_model("contenttypes", "ContentType")
                .objects.using(alias)
                .get_or_create(app_label=app, model=model)
            )
            for action in actions:
                codename = f"{action}_{model}"
                permission, _made = (
                    apps.get_model("auth", "Permission")
                    .objects.using(alias)
                    .get_or_create(
                        content_type=content_type,
                        codename=codename,
                        defaults={"name": NAMES.get(codename, f"Can {action} {model}")},
                    )
                )
                yield permission


def forwards(apps, schema_editor):
    alias = schema_editor.connection.alias
    for name, role in ROLES.items():
        group, _made = apps.get_model("auth", "Group").objects.using(alias).get_or_create(name=name)
        group.permissions.add(*_rights(apps, alias, role))


def backwards(apps, schema_editor):
    """Take back what this migration gave; a group goes unless it has members or rights of its own."""
    alias = schema_editor.connection.alias
    groups = apps.get_model("auth", "Group").objects.using(alias)
    for group in groups.filter(name__in=ROLES):
        given = {"actors": {"change": ["view"]}} if group.name == "Editors" else ROLES[group.name]
        group.permissions.remove(*_rights(apps, alias, given))
        if group.name != "Editors" and not group.permissions.exists() and not group.user_set.exists():
            group.delete()


class Migration(migrations.Migration):
    dependencies = [("actors", "0010_history")]
    operations = [migrations.RunPython(forwards, backwards)]
