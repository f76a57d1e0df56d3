"""``manage.py import_actors``: import actors from a file or another database."""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dj_database_url
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, transaction
from django.db.utils import ConnectionHandler

from actors import imports
from actors.db.vacuum import vacuum_actors
from actors.imports.columns import IMPORT_FIELDS
from actors.imports.errors import UnreadableFileError, write_errors
from actors.imports.parsers import open_source
from actors.imports.parsers.source import DatabaseTable, Source
from actors.imports.possible_duplicates import MAX_CHECKED_ROWS, find_possible_duplicates
from actors.imports.staging import ImportConflictError, Staging
from actors.management import add_user_argument, check_user
from actors.management.progress import Progress
from actors.models import Batch

EXIT_UNREADABLE, EXIT_ROW_ERRORS, EXIT_CONFLICT = 3, 4, 5  # exit codes; 1 and 2 are Django's and argparse's own
MAX_SHOWN_ERRORS, MAX_SHOWN_DUPLICATES = 1_000, 20
ENGINES = ("django.db.backends.postgresql", "django.db.backends.sqlite3")


class Command(BaseCommand):
    """Import actors from a file or another database."""

    help = (
        "Import actors from FILE (CSV, TSV, XLSX, JSON or NDJSON; - is the standard input), all or nothing. "
        "A row with an id changes that actor, and needs the version it was exported with. A row without an id adds "
        "an actor. Exit codes: 0 done; 1 and 2 the command failed; 3 the file cannot be read; 4 rows have errors and "
        "nothing was written; 5 someone changed the directory at the same time and nothing was written."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("file", metavar="FILE", nargs="?", help="the file to import; - for the standard input")
        parser.add_argument(
            "--from-database",
            action="store_true",
            help="import the table `actor` of another database. The URL is read from the standard input, because "
            "other users of the machine can see a command line",
        )
        parser.add_argument("--dry-run", action="store_true", help="check and compare only; write nothing")
        parser.add_argument("--format", choices=["text", "json"], default="text", help="format of the report")
        parser.add_argument("--errors", metavar="FILE", type=Path, help="write all errors to a CSV file")
        parser.add_argument("--encoding", help="encoding of the text, such as cp1252, if detection is wrong")
        parser.add_argument(
            "--column",
            metavar="HEADING=FIELD",
            action="append",
            default=[],
            help="assign a column to a field; with nothing after the =, don't import it. Repeatable",
        )
        add_user_argument(parser)

    def handle(self, *args: Any, file: str | None, from_database: bool, **options: Any) -> None:
        """Import the file or the table. Raises CommandError, and SystemExit if rows have errors."""
        if bool(file) == from_database:
            raise CommandError("Name a file or use --from-database.", returncode=2)
        check_user(options["who"])
        columns = {}
        for pair in options["column"]:
            heading, equals, name = pair.rpartition("=")
            if not equals:
                raise CommandError(f"--column must be HEADING=FIELD, not {pair}.", returncode=2)
            columns[heading] = name
        if options["errors"]:
            try:
                options["errors"].open("w").close()
            except OSError as error:
                raise CommandError(f"--errors {options['errors']}: {error.strerror}.", returncode=2) from error
        try:
            if from_database or file is None:
                with self.database() as source:
                    self.run(source, columns, "the other database", options)
            else:
                with self.file(file, options["encoding"]) as source:
                    self.run(source, columns, Path(file).name, options)
        except UnreadableFileError as error:
            raise CommandError(str(error), returncode=EXIT_UNREADABLE) from error

    @contextmanager
    def file(self, name: str, encoding: str | None) -> Iterator[Source]:
        """Yield the file ``name`` as a Source; "-" is the standard input. Raises UnreadableFileError."""
        try:
            with tempfile.TemporaryFile() if name == "-" else Path(name).open("rb") as file:
                if name == "-":
                    shutil.copyfileobj(sys.stdin.buffer, file)
                yield open_source(file, encoding)
        except OSError as error:
            raise UnreadableFileError(f"{name}: {error.strerror}.") from error

    @contextmanager
    def database(self) -> Iterator[Source]:
        """Yield the other database's table as a Source. Its URL is read from the standard input.

        Raises:
            UnreadableFileError: The database cannot be read. The driver's message, which may contain a password, is
                not shown.
        """
        try:
            settings = dj_database_url.parse(sys.stdin.readline().strip())
            if settings.get("ENGINE") not in ENGINES:
                raise ValueError("engine")
            other = ConnectionHandler({"default": settings})["default"]
            with other.cursor() as cursor:
                there = {column.name for column in other.introspection.get_table_description(cursor, "actor")}
                cursor.execute("SELECT count(*) FROM actor")
                (total,) = cursor.fetchone()
        except (ValueError, KeyError, DatabaseError) as error:
            raise UnreadableFileError("The other database cannot be read, or has no table `actor`.") from error
        try:
            names = [name for name in IMPORT_FIELDS if name in there]
            with other.chunked_cursor() as cursor:
                cursor.execute(f"SELECT actor_id, {', '.join(names)} FROM actor ORDER BY actor_id")  # noqa: S608  names in IMPORT_FIELDS
                yield DatabaseTable(["id", *names], cursor, total)
        finally:
            other.close()

    def run(self, source: Source, columns: dict[str, str], name: str, options: dict[str, Any]) -> None:
        """Check the rows, write them if none has an error and it is not a dry run, and print the report.

        Raises:
            CommandError: Someone changed the directory at the same time.
            SystemExit: Rows have errors.
        """
        progress = Progress(self.stderr, source.total)
        try:
            with transaction.atomic():
                staging = imports.examine(source, columns, progress)
                progress.end()
                batch = None
                if not staging.wrong and not options["dry_run"]:
                    progress.say("Writing…")
                    batch = staging.apply(options["who"], name)
                    progress.end()
                self.report(source, staging, batch, options)
                if options["dry_run"]:
                    transaction.set_rollback(True)
        except ImportConflictError as error:
            raise CommandError(
                "Nothing was imported because someone changed the directory at the same time. Try again.",
                returncode=EXIT_CONFLICT,
            ) from error
        finally:
            progress.end()
        if staging.wrong:
            sys.exit(EXIT_ROW_ERRORS)
        if batch:
            progress.say("Removing the old versions of changed rows…")
            vacuum_actors(batch.changed)
            progress.end()

    def report(self, source: Source, staging: Staging, batch: Batch | None, options: dict[str, Any]) -> None:
        """Print the report. With ``--errors``, write all errors to that file."""
        if options["errors"]:
            with options["errors"].open("w", encoding="utf-8-sig", newline="") as file:
                write_errors(staging.errors(), file)
        errors = list(staging.errors(MAX_SHOWN_ERRORS))
        numbers = {
            "rows": staging.rows,
            "added": staging.added,
            "changed": staging.changed,
            "unchanged": staging.same,
            "errors": staging.wrong,
        }
        doubtful, first = find_possible_duplicates(staging, MAX_SHOWN_DUPLICATES) if options["dry_run"] else (0, [])
        if options["format"] == "json":
            report = {
                "format": source.kind,
                "encoding": source.encoding or None,
                **numbers,
                "written": batch is not None,
                "import": batch and batch.pk,
                "first_errors": [error._asdict() for error in errors],
            }
            if options["dry_run"]:
                report |= {"alike": doubtful, "first_alike": [row._asdict() for row in first]}
            self.stdout.write(json.dumps(report, ensure_ascii=False, indent=2))
            return
        read = f"{source.kind}, {source.encoding}" if source.encoding else source.kind
        if staging.wrong:
            for error in errors:
                place = f"line {error.line}" + (f", {error.column}" if error.column else "")
                value = f" ({error.value})" if error.value else ""
                self.stderr.write(f"{place}: {error.message}{value}")
            if staging.wrong > len(errors):
                self.stderr.write(f"… and {staging.wrong - len(errors):,} more: --errors FILE has all.")
            self.stderr.write(f"{staging.wrong:,} errors in {staging.rows:,} rows ({read}). Nothing was written.")
            return
        would = "would be " if options["dry_run"] else ""
        self.stdout.write(
            f"{staging.rows:,} rows ({read}): {staging.added:,} {would}added, {staging.changed:,} {would}changed, "
            f"{staging.same:,} unchanged."
        )
        if doubtful:
            among = f" among the first {MAX_CHECKED_ROWS:,} to be added" if staging.added > MAX_CHECKED_ROWS else ""
            self.stdout.write(f"{doubtful:,} rows{among} have the same name as an existing actor or another row:")
            for row in first:
                actor = f"actor {row.actor}" if row.actor else ""
                other = f"line {row.other}" if row.other else ""
                same = " and ".join(filter(None, [actor, other]))
                self.stdout.write(f"line {row.line}: {row.name}, same name as {same}")
            if doubtful > len(first):
                self.stdout.write(f"… and {doubtful - len(first):,} more.")
        if batch:
            self.stdout.write(f"Import {batch.pk}: to undo it, use the admin or undo_import {batch.pk}.")
