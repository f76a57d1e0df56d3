"""``manage.py import_actors``, as an operator runs it."""

import csv
import io
import json
import subprocess
import sys

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError

from actors import imports
from actors.management.progress import Progress
from actors.models import Actor, Batch
from tests import server
from tests.actors.management.test_make_actors import Terminal
from tests.actors.migrations.test_adoption import OLD
from tests.database import cursor_of, scratch_database

pytestmark = pytest.mark.sqlite

FILE = "id,version,first_name,birth_year\n1,1,Cher,1946\n,,Madonna,1958\n"


def run(*arguments, given="", **variables):
    return subprocess.run(
        [sys.executable, "manage.py", "import_actors", *map(str, arguments)],
        cwd=settings.BASE_DIR,
        env=server.environment(**variables),
        input=given,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "actors.csv"
    path.write_text(FILE)
    return path


@pytest.mark.django_db
class TestReport:
    @pytest.fixture(autouse=True)
    def _cher(self, db):
        Actor.objects.create(pk=1, first_name="Cher")

    def test_dry_run_writes_nothing(self, file, capsys):
        call_command("import_actors", str(file), "--dry-run")
        assert capsys.readouterr().out == ("2 rows (CSV, utf-8): 1 would be added, 1 would be changed, 0 unchanged.\n")
        assert list(Actor.objects.values_list("first_name", "version")) == [("Cher", 1)]
        assert not Batch.objects.exists()

    def test_dry_run_lists_possible_duplicates(self, file, capsys):
        file.write_text("first_name,last_name,birth_year\nCHÉR,,1946\nFay,Wray,1907\nFay,Wray,\nFay,Wray,1910\nA,B,\n")
        call_command("import_actors", str(file), "--dry-run")
        assert capsys.readouterr().out.splitlines()[1:] == [
            "4 rows have the same name as an existing actor or another row:",
            "line 2: CHÉR, same name as actor 1",
            "line 3: Fay Wray, same name as line 4",
            "line 4: Fay Wray, same name as line 3",
            "line 5: Fay Wray, same name as line 4",
        ]
        call_command("import_actors", str(file), "--dry-run", "--format", "json")
        report = json.loads(capsys.readouterr().out)
        assert report["alike"] == 4
        assert report["first_alike"][0] == {"line": 2, "name": "CHÉR", "actor": 1, "other": None}

    @pytest.mark.parametrize("command", [["import_actors", "-"], ["undo_import", "1"]])
    def test_unknown_account_is_refused(self, command):
        with pytest.raises(CommandError, match=r"^--who ghost: this account does not exist.$") as error:
            call_command(*command, "--who", "ghost")
        assert error.value.returncode == 2

    def test_import_reports_its_changes(self, file, capsys):
        User.objects.create_user("carol")
        call_command("import_actors", str(file), "--who", "carol")
        batch = Batch.objects.get()
        assert capsys.readouterr().out == (
            "2 rows (CSV, utf-8): 1 added, 1 changed, 0 unchanged.\n"
            f"Import {batch.pk}: to undo it, use the admin or undo_import {batch.pk}.\n"
        )
        assert (batch.name, batch.who) == ("actors.csv", "carol")

    def test_json_report_has_the_numbers_of_the_import(self, file, capsys):
        call_command("import_actors", str(file), "--format", "json")
        report = json.loads(capsys.readouterr().out)
        assert report == {
            "format": "CSV", "encoding": "utf-8", "rows": 2, "added": 1, "changed": 1, "unchanged": 0, "errors": 0,
            "written": True, "import": Batch.objects.get().pk, "first_errors": [],
        }  # fmt: skip

    def test_errors_are_printed_and_written_to_a_file(self, file, tmp_path, capsys):
        file.write_text("first_name,birth_year\n" + "A,1\n" * 1_500)
        with pytest.raises(SystemExit) as ended:
            call_command("import_actors", str(file), "--errors", str(tmp_path / "errors.csv"))
        assert ended.value.code == 4
        errors = capsys.readouterr().err.splitlines()
        assert errors[0].startswith("line 2, birth_year: Enter a year from 1800 to ")
        assert errors[-2:] == [
            "… and 500 more: --errors FILE has all.",
            "1,500 errors in 1,500 rows (CSV, utf-8). Nothing was written.",
        ]
        with (tmp_path / "errors.csv").open(encoding="utf-8-sig", newline="") as errors:
            rows = list(csv.reader(errors))
        assert rows[0] == ["line", "column", "value", "message"]
        assert [row[:3] for row in rows[1:]] == [[str(line), "birth_year", "1"] for line in range(2, 1_502)]
        assert Actor.objects.count() == 1

    def test_error_file_escapes_formulas(self, file, tmp_path):
        file.write_text("first_name,birth_year\nA,=cmd|calc\n")
        with pytest.raises(SystemExit):
            call_command("import_actors", str(file), "--errors", str(tmp_path / "errors.csv"))
        with (tmp_path / "errors.csv").open(encoding="utf-8-sig", newline="") as errors:
            assert list(csv.reader(errors))[1][:3] == ["2", "birth_year", "'=cmd|calc"]

    def test_options_set_columns_and_encoding(self, file):
        file.write_bytes("Vorname;Größe\nJosé;180\n".encode("cp1252"))
        call_command("import_actors", str(file), "--encoding=cp1252", "--column=Vorname=first_name", "--column=Größe=")
        assert Actor.objects.latest("id").first_name == "José"

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            ([], 2),
            (["FILE", "--from-database"], 2),
            (["FILE", "--column", "Name"], 2),
            (["/nonexistent/file.csv"], 3),
            (["/"], 3),
            (["FILE", "--errors", "/nonexistent/errors.csv"], 2),
            (["FILE", "--errors", "/"], 2),
        ],
    )
    def test_invalid_arguments_end_with_their_exit_code(self, file, arguments, code):
        arguments = [str(file) if argument == "FILE" else argument for argument in arguments]
        with pytest.raises(CommandError) as refused:
            call_command("import_actors", *arguments)
        assert refused.value.returncode == code
        assert Actor.objects.get().first_name == "Cher" and not Batch.objects.exists()

    def test_concurrent_change_stops_the_import(self, file, monkeypatch):
        def examine(*arguments):
            staging = imports_examine(*arguments)
            Actor.objects.filter(pk=1).update(country="FR")
            return staging

        imports_examine = imports.examine
        monkeypatch.setattr(imports, "examine", examine)
        with pytest.raises(CommandError, match="someone changed the directory at the same time") as ended:
            call_command("import_actors", str(file))
        assert ended.value.returncode == 5
        assert Actor.objects.get().birth_year is None and not Batch.objects.exists()


def test_process_returns_the_documented_exit_codes(file):
    with server.migrated_database() as url:
        assert run(file, DATABASE_URL=url).returncode == 0
        file.write_text("id,first_name\n1,Sonny\n")
        assert run(file, DATABASE_URL=url).returncode == 4
        assert run("-", given="first_name\nMadonna\n", DATABASE_URL=url).returncode == 0
        assert run("-", given="", DATABASE_URL=url).returncode == 3
        assert run("--nonsense", DATABASE_URL=url).returncode == 2


def test_progress_without_a_total_shows_its_text():
    for stream, shown in ((Terminal(), True), (io.StringIO(), False)):
        Progress(stream, None).say("Writing…")
        assert ("Writing…" in stream.getvalue()) is shown


@pytest.mark.postgresql
def test_table_of_replaced_page_is_imported_from_another_database():
    with scratch_database() as old, server.migrated_database() as url:
        with cursor_of(old) as cursor:
            cursor.execute(OLD)
            cursor.execute("UPDATE actor SET last_name = '' WHERE actor_id = 5")
        done = run("--from-database", given=old, DATABASE_URL=url)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("200 rows (table): 200 added, 0 changed, 0 unchanged.")
        again = run("--from-database", given=old, DATABASE_URL=url)
        assert again.stdout == "200 rows (table): 0 added, 0 changed, 200 unchanged.\n"
        with cursor_of(url) as cursor:
            cursor.execute("SELECT actor_id, first_name, last_name FROM actor WHERE actor_id IN (5, 77) ORDER BY 1")
            assert cursor.fetchall() == [(5, "FIRST5", ""), (77, "EDITED", "LAST77")]
            cursor.execute("SELECT DISTINCT origin FROM actors_change")
            assert cursor.fetchall() == [("import",)]


@pytest.mark.parametrize("given", ["", "nonsense", "postgres://me:hush-hush@127.0.0.1:1/x", "mysql://me:hush-hush@h/x"])
def test_error_of_the_other_database_hides_its_password(given):
    with server.migrated_database() as url:
        done = run("--from-database", given=given, DATABASE_URL=url)
    assert done.returncode == 3
    assert "The other database cannot be read" in done.stderr
    assert "hush-hush" not in done.stderr + done.stdout
