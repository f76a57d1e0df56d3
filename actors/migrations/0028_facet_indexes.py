"""The indexes that lists narrowed to a decade of birth, and to the living or the dead, are read and counted from."""

from django.db import migrations, models

from actors.fields import Life
from actors.operations import AddIndexWithoutLock, RunByDatabase


def index(name):
    columns = ("country", f"sort_{name}", "id", "birth_year", "death_year")
    return models.Index(Life("death_year", "birth_year"), *columns, name=f"actor_facets_{name}")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("actors", "0027_missing_indexes")]
    operations = [
        AddIndexWithoutLock("actor", index("last")),
        AddIndexWithoutLock("actor", index("first")),
        # How common each Life is, which the planner should know before the first page.
        RunByDatabase(postgresql=(("ANALYZE actor",), ()), sqlite=((), ())),
    ]
