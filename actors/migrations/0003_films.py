"""Films and credits. Triggers maintain a film's folded titles, version and last change, as they do for actors."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import actors.fields
from actors.migrations._operations import RunSQLFile


class Migration(migrations.Migration):
    """Create the tables of films and credits."""

    dependencies = [("actors", "0002_columns")]
    operations = [
        migrations.CreateModel(
            name="Film",
            fields=[
                ("id", models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("title", actors.fields.LineField(max_length=255, verbose_name="title")),
                (
                    "original_title",
                    actors.fields.LineField(
                        blank=True,
                        db_default="",
                        help_text="The title in its own language and script, if it differs from the title above.",
                        max_length=255,
                        verbose_name="original title",
                    ),
                ),
                (
                    "year",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="Year of the first release. Leave empty if you are not certain.",
                        null=True,
                        verbose_name="year",
                    ),
                ),
                (
                    "last_update",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name="last change"
                    ),
                ),
                ("version", models.PositiveIntegerField(db_default=1, editable=False, verbose_name="version")),
                ("sort_title", actors.fields.FoldedField()),
                ("search", actors.fields.FoldedField()),
                ("legacy_id", models.PositiveIntegerField(editable=False, null=True, unique=True)),
            ],
            options={
                "verbose_name": "film",
                "verbose_name_plural": "films",
                "ordering": ["sort_title", "id"],
                "indexes": [
                    models.Index(fields=["sort_title", "id"], name="film_sort_title"),
                    models.Index(fields=["year"], name="film_year"),
                    models.Index(actors.fields.Newest("year"), "sort_title", "id", name="film_newest"),
                    models.Index(actors.fields.Decade("year"), "sort_title", "id", name="film_decade"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Credit",
            fields=[
                ("id", models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "character",
                    actors.fields.LineField(blank=True, db_default="", max_length=255, verbose_name="character"),
                ),
                (
                    "billing",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="Position in the credits. 1 is named first.",
                        null=True,
                        verbose_name="billing",
                    ),
                ),
                (
                    "actor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="credits",
                        to="actors.actor",
                        verbose_name="actor",
                    ),
                ),
                (
                    "film",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="credits",
                        to="actors.film",
                        verbose_name="film",
                    ),
                ),
            ],
            options={
                "verbose_name": "credit",
                "verbose_name_plural": "credits",
                "ordering": [models.OrderBy(models.F("billing"), nulls_last=True), "id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("actor", "film", "character"),
                        name="credit_once",
                        violation_error_message="This actor already has this credit in this film.",
                    )
                ],
            },
        ),
        migrations.AddField(
            "film",
            "actors",
            models.ManyToManyField(related_name="films", through="actors.Credit", to="actors.actor"),
        ),
        RunSQLFile("films"),
    ]
