"""The index that decades of birth are found and counted by."""

from django.db import migrations, models

from actors.operations import AddIndexWithoutLock


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("actors", "0023_fold_faster")]
    operations = [AddIndexWithoutLock("actor", models.Index(fields=["birth_year"], name="actor_birth_year"))]
