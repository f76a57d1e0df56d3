from django.db import migrations, models

from actors.operations import AddIndexWithoutLock


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("actors", "0016_batches")]
    operations = [
        AddIndexWithoutLock(
            "change",
            models.Index(condition=models.Q(("batch__isnull", False)), fields=["batch", "id"], name="change_of_batch"),
        )
    ]
