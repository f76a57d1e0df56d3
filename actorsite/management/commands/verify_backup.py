"""``manage.py verify_backup``: verify a backup by restoring it."""

import argparse
import signal
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from actorsite.backup import archives
from actorsite.conf import database_url, env


class Command(BaseCommand):
    """Verify a backup by restoring it."""

    help = (
        "Restore the archive FILE into a temporary database, compare its contents with the manifest, and drop the "
        "database. An archive without a manifest, such as one from Heroku, is only restored. Exit code 0: the archive "
        "was restored completely and matches its manifest, if it has one."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add FILE and ``--server``."""
        parser.add_argument("file", metavar="FILE")
        parser.add_argument(
            "--server",
            metavar="URL",
            help="postgres:// URL of the server to restore on, with an account that can create databases. "
            "Default: the site's own server",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Verify the backup. Raises CommandError with all errors."""
        # Exit by an exception on SIGTERM, so that the temporary database is dropped then too.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        path = Path(options["file"])
        try:
            self.verify(path, options["server"])
        except archives.VerificationUnavailableError as error:
            raise CommandError(f"{path} was not checked. {error}") from None
        except archives.BackupError as error:
            raise CommandError(f"{path} is not a valid backup. {error}") from None
        except OSError as error:
            raise CommandError(str(error)) from None

    def verify(self, path: Path, server: str | None) -> None:
        """Restore the archive, and compare it with its manifest if there is one. Raises BackupError."""
        manifest = path.with_name(path.name + archives.MANIFEST_SUFFIX)
        expected = archives.read_manifest(manifest) if manifest.exists() else None
        if expected and (size := path.stat().st_size) != expected["size"]:
            raise archives.BackupError(f"It has {size} bytes, but its manifest says {expected['size']}.")
        if expected and archives.file_sha256(path) != expected["sha256"]:
            raise archives.BackupError("Its SHA-256 checksum differs from the one in its manifest.")
        libpq = None
        if server:
            try:
                libpq = archives.libpq_parameters(env.database_settings(database_url.parse_database_url(server), 0))
            except ValueError:
                raise CommandError("--server must be a postgres:// URL.") from None
        found = archives.restore_and_read(path, libpq)
        if expected and (wrong := archives.manifest_differences(expected, found)):
            raise archives.BackupError("It differs from its manifest:\n" + "\n".join(f"- {line}" for line in wrong))
        # PostgreSQL's tables have their schema before their name.
        names = {table.rpartition(".")[2] for table in found["tables"]}
        if missing := [table for table in settings.BACKUP_TABLES if table not in names]:
            raise archives.BackupError(
                f"It was restored, but is not a backup of this site: the table {missing[0]} is missing."
            )
        rows = sum(table["rows"] for table in found["tables"].values())
        self.stdout.write(f"Restored {len(found['tables'])} tables with {rows} rows.")
        if expected:
            self.stdout.write(f"They match the manifest of {expected['made']}.")
        else:
            self.stdout.write(
                f"The archive can be restored. Without {manifest.name}, missing or changed rows cannot be detected."
            )
