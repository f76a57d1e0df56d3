"""Our own columns, after the old ones.

The old application may still be serving: every column has a default in the
database, so its statements go on working, and PostgreSQL adds such columns
without rewriting the table.
"""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

import actors.fields
import actors.text.countries


class AddConstraintUnchecked(AddConstraintNotValid):
    """Holds new rows to the constraint. Rows of an adopted table are not read, nor refused."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor == "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
        else:
            migrations.AddConstraint.database_forwards(self, app_label, schema_editor, from_state, to_state)


class Migration(migrations.Migration):
    dependencies = [("actors", "0001_initial")]
    operations = [
        migrations.AddField(
            "actor",
            "native_name",
            actors.fields.LineField(
                blank=True,
                db_default="",
                max_length=90,
                verbose_name="native name",
                help_text="The name in its own script, such as 梁朝偉 or Алла Демидова.",
            ),
        ),
        migrations.AddField(
            "actor",
            "birth_year",
            models.PositiveSmallIntegerField(
                blank=True, null=True, verbose_name="year of birth", help_text="Leave empty when not certain."
            ),
        ),
        migrations.AddField(
            "actor",
            "death_year",
            models.PositiveSmallIntegerField(
                blank=True,
                null=True,
                verbose_name="year of death",
                help_text="Leave empty for the living, and when not certain.",
            ),
        ),
        migrations.AddField(
            "actor",
            "country",
            models.CharField(
                blank=True,
                db_default="",
                max_length=2,
                verbose_name="country",
                choices=actors.text.countries.country_choices,
            ),
        ),
        migrations.AddField(
            "actor",
            "biography",
            actors.fields.PlainTextField(
                blank=True,
                db_default="",
                verbose_name="biography",
                help_text="Plain text. An empty line starts a new paragraph.",
            ),
        ),
        migrations.AddField(
            "actor",
            "version",
            models.PositiveIntegerField(db_default=1, editable=False, verbose_name="version"),
        ),
        migrations.AddField("actor", "sort_last", actors.fields.FoldedField()),
        migrations.AddField("actor", "sort_first", actors.fields.FoldedField()),
        migrations.AddField("actor", "search", actors.fields.FoldedField()),
        migrations.AlterModelOptions(
            "actor",
            {"ordering": ["sort_last", "id"], "verbose_name": "actor", "verbose_name_plural": "actors"},
        ),
        AddConstraintUnchecked(
            "actor",
            models.CheckConstraint(
                condition=models.Q(("first_name", ""), ("last_name", ""), _negated=True),
                name="actor_has_a_name",
                violation_error_message="Give a first name, a last name, or both.",
            ),
        ),
    ]
