"""The indexes that the lists of one country are read from."""

from django.db import migrations, models

from actors.operations import AddIndexWithoutLock


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("actors", "0008_search_indexes")]
    operations = [
        AddIndexWithoutLock("actor", models.Index(fields=["country", "sort_last", "id"], name="actor_country_last")),
        AddIndexWithoutLock("actor", models.Index(fields=["country", "sort_first", "id"], name="actor_country_first")),
    ]
