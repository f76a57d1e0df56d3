"""What was written as one, so that it can be undone as one; the history says of each entry to which it belongs."""

from importlib import import_module

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from actors.operations import RunByDatabase

history = import_module("actors.migrations.0010_history")
names = import_module("actors.migrations.0013_also_known_as")

FUNCTION = history.note_function(names.FIELDS)
WITH_BATCH = (
    FUNCTION.replace("who, origin, fields", "who, origin, batch_id, fields")
    .replace("now(), who, origin,", "now(), who, origin, batch,")
    .replace("DECLARE\n", "DECLARE\n    batch bigint := nullif(current_setting('actors.batch', true), '')::bigint;\n")
)
TRIGGERS = history.sqlite_triggers(names.FIELDS)
TRIGGERS_WITH_BATCH = tuple(
    trigger.replace("who, origin, fields", "who, origin, batch_id, fields").replace(
        "actor_origin(),", "actor_origin(), actor_batch(),"
    )
    for trigger in TRIGGERS
)


class Migration(migrations.Migration):
    dependencies = [("actors", "0013_also_known_as")]
    operations = [
        # SQLite may rebuild the table that its triggers write to.
        RunByDatabase(postgresql=((), (FUNCTION,)), sqlite=(history.SQLITE_BACK, TRIGGERS)),
        migrations.CreateModel(
            name="Batch",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[("import", "import"), ("undo", "undoing")], max_length=10, verbose_name="kind"
                    ),
                ),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name="when")),
                ("who", models.CharField(blank=True, max_length=150, verbose_name="who")),
                ("name", models.CharField(blank=True, max_length=255, verbose_name="of")),
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
                "verbose_name_plural": "imports",
                "ordering": ["-id"],
                "default_permissions": ["add", "view"],
            },
        ),
        migrations.AddField(
            "change",
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
        RunByDatabase(postgresql=((WITH_BATCH,), ()), sqlite=(TRIGGERS_WITH_BATCH, history.SQLITE_BACK)),
    ]
