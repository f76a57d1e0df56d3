"""Add columns to the table of the replaced page, and the triggers that maintain some of them.

The replaced page may still be running. Every new column is nullable or has a
default in the database, so the page's statements continue to work, and
PostgreSQL adds the columns without rewriting the table.

On SQLite, a later migration that rebuilds a table, as most changes to a column
do, drops the table's triggers. It must create them again at the end.
"""

from django.db import migrations, models

import actors.fields
from actors.migrations._operations import AddConstraintUnchecked, RunSQLFile


class Migration(migrations.Migration):
    """Add the columns of actors, without a long lock."""

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
                blank=True, null=True, verbose_name="year of birth", help_text="Leave empty if you are not certain."
            ),
        ),
        migrations.AddField(
            "actor",
            "death_year",
            models.PositiveSmallIntegerField(
                blank=True,
                null=True,
                verbose_name="year of death",
                help_text="Leave empty if the actor is living or you are not certain.",
            ),
        ),
        migrations.AddField(
            "actor",
            "country",
            actors.fields.CountryField(blank=True, db_default="", max_length=2, verbose_name="country"),
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
        migrations.AddField(
            "actor",
            "also_known_as",
            actors.fields.NamesField(
                blank=True,
                db_default="",
                max_length=400,
                verbose_name="also known as",
                help_text="Other names, one per line, such as a birth name or another spelling.",
            ),
        ),
        migrations.AlterModelOptions(
            "actor",
            {"ordering": ["sort_last", "id"], "verbose_name": "actor", "verbose_name_plural": "actors"},
        ),
        AddConstraintUnchecked(
            "actor",
            models.CheckConstraint(
                condition=models.Q(("first_name", ""), ("last_name", ""), _negated=True),
                name="actor_has_a_name",
                violation_error_message="Enter a first name, a last name, or both.",
            ),
        ),
        # On SQLite, the triggers call the Python function `fold` instead.
        RunSQLFile("text_functions", databases=["postgresql"]),
        RunSQLFile("actor"),
    ]
