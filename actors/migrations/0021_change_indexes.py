"""The list of changes by kind and by origin costs the same, however many rows were imported."""

from django.db import migrations, models

from actors.operations import AddIndexWithoutLock


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("actors", "0020_starts")]
    operations = [
        AddIndexWithoutLock(
            "change", models.Index(fields=["kind", "id"], name="change_by_kind", condition=~models.Q(kind="+"))
        ),
        AddIndexWithoutLock(
            "change",
            models.Index(
                fields=["origin", "id"], name="change_by_origin", condition=models.Q(origin__in=["admin", "sql"])
            ),
        ),
    ]
