"""``manage.py undo_import``: undo an import or a merge of any size."""

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from actors.db.vacuum import vacuum_actors
from actors.history.errors import NotRestorableError
from actors.history.undo import ChangedSinceBatchError, undo_batch
from actors.management import add_user_argument, check_user
from actors.models import Actor, Batch

EXIT_CHANGED_SINCE = 4


class Command(BaseCommand):
    """Undo an import or a merge."""

    help = (
        "Undo the import NUMBER, all or nothing. Use it for imports that are too large for the admin. "
        "Exit code 4: actors were changed after the import, and nothing was undone."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument(
            "number", metavar="NUMBER", type=int, help="number of the import, as printed by import_actors"
        )
        add_user_argument(parser)

    def handle(self, *args: Any, number: int, who: str, **options: Any) -> None:
        """Undo the batch ``number``. Raises CommandError if it does not exist or cannot be undone."""
        check_user(who)
        batch = Batch.objects.filter(pk=number).first()
        if batch is None:
            raise CommandError(f"There is no import {number}.")
        try:
            undoing = undo_batch(batch, who)
        except ValueError as error:
            raise CommandError(str(error)) from error
        except NotRestorableError as error:
            raise CommandError(
                "Nothing was undone: some actors would have no name, and a name is now required."
            ) from error
        except ChangedSinceBatchError as since:
            names = Actor.objects.in_bulk(since.ids)
            for pk in since.ids:
                self.stderr.write(f"{pk}: {names.get(pk, 'deleted')}")
            raise CommandError(
                "Nothing was undone: these actors were changed after the import, or have new credits.",
                returncode=EXIT_CHANGED_SINCE,
            ) from since
        number = undoing.added + undoing.changed + undoing.deleted
        self.stdout.write(f"Import undone: {number:,} actors restored to their earlier state.")
        vacuum_actors(undoing.changed + undoing.deleted)
