"""Who was merged into whom; curators and administrators may merge."""

from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

roles = import_module("actors.migrations.0011_roles")

ROLE = {"actors": {"merge": ["add"]}}


def forwards(apps, schema_editor):
    alias = schema_editor.connection.alias
    for group in apps.get_model("auth", "Group").objects.using(alias).filter(name__in=["Curators", "Administrators"]):
        group.permissions.add(*roles._rights(apps, alias, ROLE))


def backwards(apps, schema_editor):
    alias = schema_editor.connection.alias
    for group in apps.get_model("auth", "Group").objects.using(alias).filter(name__in=["Curators", "Administrators"]):
        group.permissions.remove(*roles._rights(apps, alias, ROLE))


class Migration(migrations.Migration):
    dependencies = [("actors", "0021_change_indexes")]
    operations = [
        migrations.AlterField(
            "batch",
            "kind",
            models.CharField(
                choices=[("import", "import"), ("undo", "undoing"), ("merge", "merging")],
                max_length=10,
                verbose_name="kind",
            ),
        ),
        migrations.CreateModel(
            name="Merge",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("gone_id", models.IntegerField(db_index=True)),
                ("survivor_id", models.IntegerField()),
                ("moved", models.JSONField(default=list)),
                ("dropped", models.JSONField(default=list)),
                (
                    "batch",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="merge", to="actors.batch"
                    ),
                ),
            ],
            options={"default_permissions": ["add"]},
        ),
        migrations.RunPython(forwards, backwards),
    ]
