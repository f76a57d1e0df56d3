"""The version of the data that public pages show. Every transaction that changes the data raises it."""

from django.db import migrations

from actors.migrations._operations import RunSQLFile


class Migration(migrations.Migration):
    """Create the data version and its triggers."""

    dependencies = [("actors", "0006_forms")]
    operations = [RunSQLFile("data_version")]
