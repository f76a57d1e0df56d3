"""A linter that refuses migrations that would break the version that is still serving. Run by `make lint`.

The new version's migrations run while the old version serves. So they only
add: what the old version reads and writes stays, and no table is locked for
long. A column or table is dropped one version later, when nothing uses it.

A migration that is safe although the linter refuses it is listed in ``SAFE``, with the reason.
"""

import os
import sys

from tests.postgres import PostgreSQL

SAFE = {
    "0001_initial": "creates the first table; only the replaced page, whose table it adopts, serves meanwhile",
}


def main():
    """Return the exit code: 1 if a migration is refused, ``SAFE`` names an unknown one, or no migration exists."""
    server = PostgreSQL()
    try:
        os.environ.update(
            DJANGO_SETTINGS_MODULE="actorsite.settings",
            SECRET_KEY="only-for-this-check-only-for-this-check-only-for-this",
            ALLOWED_HOSTS="localhost",
            LOG_LEVEL="WARNING",
            DATABASE_URL=server.url(),
        )
        import django

        django.setup()
        from django.db import connections

        try:
            return lint()
        finally:
            connections.close_all()
    finally:
        server.stop()


def lint(apps=("actors", "actorsite")):
    """Check every migration of ``apps``; print the errors; return the exit code."""
    from django_migration_linter import MigrationLinter

    # Warnings are about locks. tests/actors/migrations/test_adoption.py tests that each RunPython has a reverse.
    linter = MigrationLinter(
        include_apps=apps,
        ignore_name=SAFE,
        no_cache=True,
        all_warnings_as_errors=True,
        exclude_migration_tests=["RUNPYTHON_ARGS_NAMING_CONVENTION", "RUNPYTHON_MODEL_VARIABLE_NAME"],
        quiet=["ok", "ignore"],
    )
    linter.lint_all_migrations()
    known = {migration.name for migration in linter.migration_loader.disk_migrations.values()}
    if unknown := set(SAFE) - known:
        print(f"No such migration: {', '.join(sorted(unknown))}")
    print(f"{linter.nb_total} migrations, {linter.nb_erroneous} refused, {linter.nb_ignored} explained")
    if not linter.nb_total:
        print("No migration was found.")
    return 1 if linter.has_errors or unknown or not linter.nb_total else 0


if __name__ == "__main__":
    sys.exit(main())
