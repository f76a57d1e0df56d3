"""Other names by which an actor is known: searched as the names are, and in the history.

The new column is PostgreSQL's default in every row, so none is rewritten, and
none has to be folded anew.
"""

from importlib import import_module

from django.db import migrations

import actors.fields
from actors.operations import AddColumn, RunByDatabase

keep = import_module("actors.migrations.0003_triggers")
history = import_module("actors.migrations.0010_history")

NAMES = ("native_name", "also_known_as")
FIELDS = (*history.FIELDS, "also_known_as")
DROP = tuple(
    f"DROP TRIGGER actor_{trigger}"
    for trigger in ("keep_insert", "keep_update", "note_insert", "note_update", "note_delete")
)


class Migration(migrations.Migration):
    dependencies = [("actors", "0012_data_version")]
    operations = [
        AddColumn(
            "actor",
            "also_known_as",
            actors.fields.NamesField(
                blank=True,
                db_default="",
                max_length=400,
                verbose_name="also known as",
                help_text="Other names, one a line, such as a birth name or another spelling.",
            ),
        ),
        RunByDatabase(
            postgresql=(
                (keep.keep_function(FIELDS, NAMES), history.note_function(FIELDS)),
                (keep.keep_function(keep.EDITED), history.note_function(history.FIELDS)),
            ),
            sqlite=(
                (*DROP, *keep.sqlite_triggers(FIELDS, NAMES), *history.sqlite_triggers(FIELDS)),
                (*DROP, *keep.sqlite_triggers(keep.EDITED), *history.sqlite_triggers(history.FIELDS)),
            ),
        ),
    ]
