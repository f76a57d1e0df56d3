"""Fold the names of the rows that were there, some thousand at a time.

Each statement locks only its own rows, and only against writers. Nothing else
of a row changes: neither its version nor its last change.
"""

from django.db import migrations

AT_A_TIME = 5_000


def fold(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(actor_id), 0), coalesce(min(actor_id), 0) FROM actor")
        last, first = cursor.fetchone()
        for start in range(first, last + 1, AT_A_TIME):
            # The trigger folds; it has only to be called.
            cursor.execute(
                "UPDATE actor SET search = '' WHERE actor_id >= %s AND actor_id < %s AND search = ''",
                [start, start + AT_A_TIME],
            )


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("actors", "0003_triggers")]
    operations = [migrations.RunPython(fold, migrations.RunPython.noop)]
