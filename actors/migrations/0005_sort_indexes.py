"""The indexes that pages are read from."""

from django.db import migrations, models

from actors.operations import AddIndexWithoutLock


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("actors", "0004_fold_names")]
    operations = [
        AddIndexWithoutLock("actor", models.Index(fields=["sort_last", "id"], name="actor_sort_last")),
        AddIndexWithoutLock("actor", models.Index(fields=["sort_first", "id"], name="actor_sort_first")),
    ]
