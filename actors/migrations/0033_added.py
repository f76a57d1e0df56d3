"""Forms that have added something, which they do once."""

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("actors", "0032_default_in_utc")]
    operations = [
        migrations.CreateModel(
            name="Added",
            fields=[
                ("digest", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("thing_id", models.IntegerField(null=True)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={"default_permissions": []},
        ),
    ]
