"""The data version: every transaction that changes data of public pages raises it."""

from django.db import migrations

from actors.migrations._operations import RunSQLFile


class Migration(migrations.Migration):
    """Create the data version and its triggers."""

    dependencies = [("actors", "0006_forms")]
    operations = [RunSQLFile("data_version")]
