"""`make lint` refuses a migration that would break the version that is still running."""

import shutil
import sys

import pytest
from django.conf import settings as project

from tests.lint_migrations import lint

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

MIGRATION = """
from django.db import migrations, models
from more_migrations._operations import AddIndexWithoutLock, RunSQLFile

class Migration(migrations.Migration):
    atomic = False
    dependencies = [("actors", "{last}")]
    operations = [{operation}]
"""


@pytest.fixture
def linted(tmp_path, monkeypatch, settings):
    """Return a function that lints the migrations and one more with ``operation``, and returns the exit code."""

    def run(operation):
        folder = tmp_path / "more_migrations"
        shutil.copytree(
            project.BASE_DIR / "actors" / "migrations", folder, ignore=shutil.ignore_patterns("__pycache__")
        )
        last = max(path.stem for path in folder.glob("[0-9]*.py"))
        (folder / "sql" / "postgresql" / "drop.sql").write_text("ALTER TABLE actor DROP COLUMN biography;\n")
        (folder / "9999_more.py").write_text(MIGRATION.format(last=last, operation=operation))
        monkeypatch.syspath_prepend(tmp_path)
        settings.MIGRATION_MODULES = {"actors": "more_migrations"}
        try:
            return lint()
        finally:
            for name in [name for name in sys.modules if name.startswith("more_migrations")]:
                del sys.modules[name]

    return run


@pytest.mark.parametrize(
    "operation",
    [
        'migrations.AddField("actor", "height", models.IntegerField(null=True))',
        'AddIndexWithoutLock("actor", models.Index(fields=["country"], name="by_country"))',
    ],
)
def test_additive_operation_passes(linted, operation):
    assert linted(operation) == 0


@pytest.mark.parametrize(
    ("operation", "reason"),
    [
        ('migrations.RemoveField("actor", "biography")', "DROPPING columns"),
        ('migrations.RenameField("actor", "biography", "life")', "RENAMING columns"),
        ('migrations.AddField("actor", "height", models.IntegerField(default=0))', "NOT NULL constraint"),
        ('migrations.AddIndex("actor", models.Index(fields=["country"], name="by_country"))', "locks table"),
        ('migrations.DeleteModel("credit")', "DROPPING table"),
        ('RunSQLFile("drop")', "DROPPING columns"),
    ],
)
def test_operation_that_breaks_the_running_version_is_refused(linted, capsys, operation, reason):
    assert linted(operation) == 1
    assert reason in capsys.readouterr().out
