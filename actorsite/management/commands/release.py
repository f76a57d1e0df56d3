"""``manage.py release``: make the database ready for this version, before it serves."""

import random
import time

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.core.management.commands import migrate
from django.db import OperationalError, connection
from django.utils.module_loading import import_string

from actorsite.management import explain_database_error

# Any number will do that no other program takes on this database.
ADVISORY_LOCK_ID = 0x4163746F72
# SQLSTATE: a lock that was not had in time, and a deadlock. A later try may have better luck.
RETRY_SQLSTATES = ("55P03", "40P01")


class Migrate(migrate.Command):
    """Django's ``migrate``, which also remembers the migration that it is applying."""

    current = None

    def migration_progress_callback(self, action, migration=None, fake=False):
        self.current = migration if action == "apply_start" else None
        super().migration_progress_callback(action, migration, fake)


class Command(BaseCommand):
    help = (
        "Wait for the database, migrate it, make the first administrator where DJANGO_SUPERUSER_USERNAME asks for "
        "one, and load the actors that come with the site into an empty directory where RELEASE_SEED asks for them. "
        "Any number may run at once."
    )

    def handle(self, *args, **options):
        """Do all of it under one lock.

        Raises CommandError where the database does not come up within
        RELEASE_PATIENCE seconds, where other transactions hold its tables for
        as long, where one of RELEASE_CHECKS refuses them, and where a migration
        fails: one in a transaction is rolled back then, another is taken up by
        the next release, and the version that serves goes on.
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

    def wait_for_database(self):
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

    def wait_for_turn(self):
        """Take a lock that the session holds to its end, however that comes, on the connection that migrates.

        It is asked for again and again: waiting in the database would hold a
        snapshot there, for which the holder's CREATE INDEX CONCURRENTLY waits.
        """
        if connection.vendor != "postgresql":
            return
        with connection.cursor() as cursor:
            # The time-outs of requests are not those of migrations; a lock that is not had soon
            # would make every request wait behind it.
            cursor.execute("SET statement_timeout = 0")
            cursor.execute(f"SET lock_timeout = {settings.RELEASE_LOCK_TIMEOUT}")
            told = False
            while True:
                cursor.execute("SELECT pg_try_advisory_lock(%s)", [ADVISORY_LOCK_ID])
                if cursor.fetchone()[0]:
                    return
                if not told:
                    self.stdout.write("Another release is at work: waiting for it.")
                    told = True
                time.sleep(0.5)

    def migrate(self):
        while True:
            command = Migrate()
            try:
                # fake_initial: the replaced page's tables are adopted as they are.
                call_command(command, fake_initial=True, interactive=False, stdout=self.stdout)
            except Exception as error:
                code = getattr(error.__cause__, "pgcode", None)
                if code in RETRY_SQLSTATES and time.monotonic() < self.end:
                    self.stdout.write("Others hold the tables: trying again.")
                    time.sleep(random.uniform(0.5, 2))  # noqa: S311 -- no secret
                    continue
                raise CommandError(failure(command.current, error)) from error
            else:
                return


def failure(migration, error):
    """Return what to tell about an ``error`` that ``migration`` raised, or Django before or after all migrations."""
    if migration is None:
        return f"The migration failed: {error}"
    if migration.atomic:
        return f"The migration failed: {migration} was rolled back: {error}"
    return f"The migration failed: {migration} stopped halfway, and the next release takes it up: {error}"
