"""``manage.py backup``: write an archive of the database and its manifest."""

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from actorsite.backup import archives


class Command(BaseCommand):
    """Write a backup and its manifest."""

    help = (
        "Write the database to FILE, an archive for pg_restore (SQLite: a copy), and its manifest to "
        f"FILE{archives.MANIFEST_SUFFIX}. If FILE is -, write the archive to standard output and the manifest to "
        "standard error."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add FILE."""
        parser.add_argument("file", metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the backup. Raises CommandError. If the dump fails, existing files are unchanged."""
        # Only the owner may read the files, because a dump contains password hashes.
        os.umask(0o077)
        to = options["file"]
        try:
            if to == "-":
                with tempfile.TemporaryDirectory() as folder:
                    archive = Path(folder) / "archive"
                    manifest = archives.dump(archive)
                    with archive.open("rb") as file:
                        shutil.copyfileobj(file, sys.stdout.buffer)
                    sys.stdout.buffer.flush()
                self.stderr.write(json.dumps(manifest))
                return
            self.write(Path(to))
        except (archives.BackupError, OSError) as error:
            raise CommandError(str(error)) from None

    def write(self, path: Path) -> None:
        """Write the archive to ``path``, and its manifest next to it."""
        if path.is_dir():
            raise CommandError(f"{path} is a directory. Name a file in it.")
        if not path.parent.is_dir():
            raise CommandError(f"The directory {path.parent} does not exist.")
        manifest = path.with_name(path.name + archives.MANIFEST_SUFFIX)
        parts = [target.with_name(target.name + ".part") for target in (path, manifest)]
        try:
            found = archives.dump(parts[0])
            parts[1].write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
            # In this order, an interruption never leaves an archive next to the manifest of another archive.
            manifest.unlink(missing_ok=True)
            parts[0].replace(path)
            parts[1].replace(manifest)
        finally:
            for part in parts:
                part.unlink(missing_ok=True)
        rows = sum(table["rows"] for table in found["tables"].values())
        self.stdout.write(f"{path}: {len(found['tables'])} tables, {rows} rows, {found['size']} bytes")
