"""A row that SQL adds has its last change in UTC, as the column says, whatever the time zone of the session.

The replaced application's default was ``now()``, which a session in another
zone turns into its own local time. ALTER COLUMN … SET DEFAULT looks at no row.
"""

from django.db import migrations

from actors.operations import RunByDatabase

DEFAULT = "ALTER TABLE actor ALTER COLUMN last_update SET DEFAULT {}"


class Migration(migrations.Migration):
    dependencies = [("actors", "0031_words")]
    operations = [
        RunByDatabase(
            postgresql=((DEFAULT.format("timezone('UTC', now())"),), (DEFAULT.format("now()"),)), sqlite=((), ())
        ),
    ]
