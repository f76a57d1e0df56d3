"""The actors and films of the fixtures, loaded faster than by ``manage.py loaddata``."""

from django.conf import settings
from django.core import serializers
from django.core.management.color import no_style
from django.db import connection, transaction

from actors.models import Actor, Credit, Film

# For each argument of load_directory, its SQL statements with their parameters.
_statements = {}


def load_directory(*models):
    """Load the fixtures of ``models``, by default of all models.

    The first call in a process records its SQL statements. Further calls only
    execute them, which is much faster than parsing the files.
    """
    # In a transaction, so that bulk_create begins none: it would be recorded too.
    with transaction.atomic():
        if models in _statements:
            with connection.cursor() as cursor:
                for statement in _statements[models]:
                    cursor.execute(*statement)
        else:
            _statements[models] = _insert(models or (Actor, Film, Credit))


def _insert(models):
    """Insert the fixtures' objects of ``models``; return [(SQL, parameters)] of the statements."""
    statements = []

    def record(execute, sql, params, many, context):
        statements.append((sql, params))
        return execute(sql, params, many, context)

    folder = settings.BASE_DIR / "actors" / "fixtures"
    with connection.execute_wrapper(record):
        for model in models:
            name = "actors" if model is Actor else "films"
            text = (folder / f"{name}.json").read_text(encoding="utf-8")
            rows = (entry.object for entry in serializers.deserialize("json", text))
            model.objects.bulk_create(row for row in rows if isinstance(row, model))
        with connection.cursor() as cursor:
            for statement in connection.ops.sequence_reset_sql(no_style(), models):
                cursor.execute(statement)
    return statements
