"""The indexes that the few are found by who have no native name, or no biography, where nearly all have one."""

from django.db import migrations, models

import actors.fields
from actors.operations import AddIndexWithoutLock


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("actors", "0026_film_list")]
    operations = [
        AddIndexWithoutLock("actor", models.Index(actors.fields.Empty("native_name"), name="actor_no_native_name")),
        AddIndexWithoutLock("actor", models.Index(actors.fields.Empty("biography"), name="actor_no_biography")),
    ]
