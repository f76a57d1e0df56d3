"""The history of actors, films and credits, which triggers write, and batches of changes that are undone together."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from actors.migrations._operations import RunSQLFile

KINDS = [("+", "added"), ("~", "changed"), ("-", "deleted")]
ORIGINS = [("admin", "admin"), ("import", "import"), ("command", "command"), ("sql", "SQL")]


class Migration(migrations.Migration):
    """Create the history and its triggers."""

    dependencies = [("actors", "0004_indexes")]
    operations = [
        migrations.CreateModel(
            name="Batch",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[("import", "import"), ("undo", "undo"), ("merge", "merge")],
                        max_length=10,
                        verbose_name="type",
                    ),
                ),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name="when")),
                ("who", models.CharField(blank=True, max_length=150, verbose_name="user")),
                ("name", models.CharField(blank=True, max_length=255, verbose_name="file or actors")),
                ("added", models.PositiveIntegerField(default=0, verbose_name="added")),
                ("changed", models.PositiveIntegerField(default=0, verbose_name="changed")),
                ("deleted", models.PositiveIntegerField(default=0, verbose_name="deleted")),
                (
                    "undoes",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="undone_by",
                        to="actors.batch",
                        verbose_name="undoes",
                    ),
                ),
            ],
            options={
                "verbose_name": "import",
                "verbose_name_plural": "imports and merges",
                "ordering": ["-id"],
                "default_permissions": ["add", "view"],
            },
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
            options={"verbose_name": "merge", "default_permissions": ["add"]},
        ),
        migrations.CreateModel(
            name="Change",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("actor_id", models.IntegerField(verbose_name="actor")),
                ("kind", models.CharField(choices=KINDS, max_length=1, verbose_name="type")),
                ("version", models.PositiveIntegerField(verbose_name="version")),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name="when")),
                ("who", models.CharField(blank=True, max_length=150, verbose_name="user")),
                ("origin", models.CharField(choices=ORIGINS, max_length=10, verbose_name="source")),
                ("fields", models.TextField(blank=True)),
                ("before", models.JSONField(null=True)),
                ("after", models.JSONField(null=True)),
                (
                    "batch",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="changes",
                        to="actors.batch",
                    ),
                ),
            ],
            options={
                "verbose_name": "change",
                "verbose_name_plural": "changes",
                "ordering": ["-id"],
                "default_permissions": ["view"],
                "permissions": [("restore_change", "Can restore an actor from the history")],
                "indexes": [
                    models.Index(fields=["actor_id", "id"], name="change_of_actor"),
                    # With these, the cost of a filtered list does not depend on the number of other changes.
                    models.Index(fields=["kind", "id"], name="change_by_kind", condition=~models.Q(kind="+")),
                    models.Index(
                        fields=["origin", "id"],
                        name="change_by_origin",
                        condition=models.Q(origin__in=["admin", "sql"]),
                    ),
                    models.Index(fields=["who", "id"], name="change_by_person", condition=~models.Q(who="")),
                    models.Index(
                        fields=["batch", "id"], name="change_of_batch", condition=models.Q(batch__isnull=False)
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FilmChange",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("film_id", models.IntegerField(verbose_name="film")),
                ("credit_id", models.IntegerField(null=True)),
                ("actor_id", models.IntegerField(null=True, verbose_name="actor")),
                ("kind", models.CharField(choices=KINDS, max_length=1, verbose_name="type")),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name="when")),
                ("who", models.CharField(blank=True, max_length=150, verbose_name="user")),
                ("origin", models.CharField(choices=ORIGINS, max_length=10, verbose_name="source")),
                ("fields", models.TextField(blank=True)),
                ("before", models.JSONField(null=True)),
                ("after", models.JSONField(null=True)),
            ],
            options={
                "verbose_name": "change of a film",
                "verbose_name_plural": "changes of films",
                "ordering": ["-id"],
                "default_permissions": ["view"],
                "indexes": [
                    models.Index(fields=["film_id", "id"], name="change_of_film"),
                    models.Index(fields=["actor_id", "id"], name="change_of_credit"),
                ],
            },
        ),
        RunSQLFile("history"),
    ]
