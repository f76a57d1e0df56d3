"""``manage.py release``: prepare the database for this version, before it serves."""

import random
import time
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.core.management.commands import migrate
from django.db import OperationalError, connection
from django.db.migrations import Migration
from django.utils.module_loading import import_string

from actorsite.management import explain_database_error

# Any number that no other program uses on this database.
ADVISORY_LOCK_ID = 0x4163746F72
# SQLSTATE: lock timeout and deadlock. A later attempt may succeed.
RETRY_SQLSTATES = ("55P03", "40P01")


class Migrate(migrate.Command):
    """Django's ``migrate``, which also remembers the migration that it is applying."""

    current: Migration | None = None

    def migration_progress_callback(self, action: str, migration: Any = None, fake: bool = False) -> None:
        """Remember the migration; called before and after each."""
        self.current = migration if action == "apply_start" else None
        super().migration_progress_callback(action, migration, fake)


class Command(BaseCommand):
    """Prepare the database for this version."""

    help = (
        "Wait for the database, migrate it, create the first administrator if DJANGO_SUPERUSER_USERNAME is set, and "
        "load the included actors into an empty directory if RELEASE_SEED is true. Several releases can run at the "
        "same time: they wait for each other."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Wait for the database and the advisory lock, then run every step of the release.

        Raises:
            CommandError: The database does not answer within RELEASE_PATIENCE seconds, other
                transactions lock its tables for as long, one of RELEASE_CHECKS fails, or a
                migration fails. A migration in a transaction is rolled back then; the next
                release continues any other. The running version continues to serve.
        """
        self.end = time.monotonic() + settings.RELEASE_PATIENCE
        self.wait_for_database()
        self.wait_for_turn()
        for check in settings.RELEASE_CHECKS:
            import_string(check)()
        self.migrate()
        for step in settings.RELEASE_STEPS:
            import_string(step)(self.stdout)
        call_command("ensure_superuser", stdout=self.stdout)
        if settings.RELEASE_SEED:
            call_command(settings.RELEASE_SEED_COMMAND, stdout=self.stdout)
        self.stdout.write("Released.")

    def wait_for_database(self) -> None:
        """Wait until the database answers. Raises CommandError."""
        while True:
            try:
                connection.ensure_connection()
            except OperationalError as error:
                if time.monotonic() > self.end:
                    raise CommandError(explain_database_error(error)) from None
                self.stdout.write("Waiting for the database.")
                time.sleep(1)
            else:
                return

    def wait_for_turn(self) -> None:
        """Take an advisory lock on the connection that migrates; it is held until the session ends.

        This polls: waiting in the database would hold a snapshot, and the other
        release's CREATE INDEX CONCURRENTLY would wait for it.
        """
        if connection.vendor != "postgresql":
            return
        with connection.cursor() as cursor:
            # Migrations have no statement timeout, but a lock timeout: requests would wait behind a migration that
            # waits for a lock.
            cursor.execute("SET statement_timeout = 0")
            cursor.execute(f"SET lock_timeout = {settings.RELEASE_LOCK_TIMEOUT}")
            announced = False
            while True:
                cursor.execute("SELECT pg_try_advisory_lock(%s)", [ADVISORY_LOCK_ID])
                if cursor.fetchone()[0]:
                    return
                if not announced:
                    self.stdout.write("Another release is running. Waiting for it to finish.")
                    announced = True
                time.sleep(0.5)

    def migrate(self) -> None:
        """Migrate; retry while other transactions lock the tables. Raises CommandError."""
        while True:
            command = Migrate()
            try:
                # fake_initial adopts the existing tables of the replaced page.
                call_command(command, fake_initial=True, interactive=False, stdout=self.stdout)
            except Exception as error:
                code = getattr(error.__cause__, "pgcode", None)
                if code in RETRY_SQLSTATES and time.monotonic() < self.end:
                    self.stdout.write("The tables are locked by other transactions. Trying again.")
                    time.sleep(random.uniform(0.5, 2))  # noqa: S311  no secret
                    continue
                raise CommandError(failure(command.current, error)) from error
            else:
                return


def failure(migration: Migration | None, error: Exception) -> str:
    """Return the message for an ``error``. ``migration`` is None if it occurred before or after all migrations."""
    if migration is None:
        return f"The migration failed: {error}"
    if migration.atomic:
        return f"The migration failed: {migration} was rolled back. {error}"
    return f"The migration failed: {migration} stopped halfway. The next release continues it. {error}"
