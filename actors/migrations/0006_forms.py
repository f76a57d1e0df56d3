"""Tables for data that the admin stores between requests: uploaded files to import, and submitted forms."""

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    """Create the tables of uploads and submitted forms."""

    dependencies = [("actors", "0005_history")]
    operations = [
        migrations.CreateModel(
            name="Upload",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("who", models.CharField(max_length=150)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("name", models.CharField(max_length=255)),
                ("content", models.BinaryField()),
                ("encoding", models.CharField(blank=True, max_length=20)),
                ("columns", models.JSONField(default=dict)),
            ],
            options={"default_permissions": []},
        ),
        migrations.CreateModel(
            name="SubmittedForm",
            fields=[
                ("digest", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("thing_id", models.IntegerField(null=True)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={"db_table": "actors_added", "default_permissions": []},
        ),
    ]
