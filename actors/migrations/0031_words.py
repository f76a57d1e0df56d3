"""Call the list of imports what it lists; of the database nothing changes."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("actors", "0030_names_faster")]
    operations = [
        migrations.AlterModelOptions(
            name="batch",
            options={
                "default_permissions": ["add", "view"],
                "ordering": ["-id"],
                "verbose_name": "import",
                "verbose_name_plural": "imports and merges",
            },
        ),
    ]
