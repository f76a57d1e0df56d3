"""The list of changes by person costs the same, however many rows others wrote."""

from django.db import migrations, models

from actors.operations import AddIndexWithoutLock


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("actors", "0024_birth_index")]
    operations = [
        AddIndexWithoutLock(
            "change", models.Index(fields=["who", "id"], name="change_by_person", condition=~models.Q(who=""))
        ),
    ]
