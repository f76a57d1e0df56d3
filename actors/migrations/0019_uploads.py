"""Files that wait to be imported, and who may import: curators and administrators."""

from importlib import import_module

import django.db.models.functions.datetime
from django.db import migrations, models

roles = import_module("actors.migrations.0011_roles")

ROLE = {"actors": {"batch": ["add", "view"]}}


def forwards(apps, schema_editor):
    alias = schema_editor.connection.alias
    for group in apps.get_model("auth", "Group").objects.using(alias).filter(name__in=["Curators", "Administrators"]):
        group.permissions.add(*roles._rights(apps, alias, ROLE))


def backwards(apps, schema_editor):
    alias = schema_editor.connection.alias
    for group in apps.get_model("auth", "Group").objects.using(alias).filter(name__in=["Curators", "Administrators"]):
        group.permissions.remove(*roles._rights(apps, alias, ROLE))


class Migration(migrations.Migration):
    dependencies = [("actors", "0018_film_history")]
    operations = [
        migrations.CreateModel(
            name="Upload",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("who", models.CharField(max_length=150)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("name", models.CharField(max_length=255)),
                ("content", models.BinaryField()),
                ("encoding", models.CharField(blank=True, max_length=20)),
                ("columns", models.JSONField(default=dict)),
            ],
            options={"default_permissions": []},
        ),
        migrations.RunPython(forwards, backwards),
    ]
