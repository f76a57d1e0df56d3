"""The version of all the data that public pages show: new with every transaction that writes to it."""

from django.db import migrations

from actors.migrations._operations import RunSQLFile


class Migration(migrations.Migration):
    dependencies = [("actors", "0006_forms")]
    operations = [RunSQLFile("data_version")]
