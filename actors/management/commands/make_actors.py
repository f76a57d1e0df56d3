"""``manage.py make_actors``: add generated actors, to test with a large database."""

import argparse
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

from actors.management.progress import Progress
from actors.management.sample_people import sample_people
from actors.models import Actor

SAMPLE_COLUMNS = ("first_name", "last_name", "birth_year", "death_year", "country")
INSERT_BATCH_ROWS = 10_000
Row = TypeVar("Row", bound=tuple[Any, ...])


def count(text: str) -> int:
    """Return ``text`` as a number. Raises ArgumentTypeError if it is not a whole number from 1 to 100,000,000."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 100_000_000:
        raise argparse.ArgumentTypeError("give a whole number from 1 to 100000000")
    return int(text)


class CopyReader:
    """File-like object from which COPY reads ``rows``. Its text is generated while it is read."""

    def __init__(self, rows: Iterable[tuple[Any, ...]]) -> None:
        self.lines = ("\t".join("\\N" if value is None else str(value) for value in row) + "\n" for row in rows)
        self.left = ""

    def read(self, size: int) -> str:
        """Return the next ``size`` characters, or fewer at the end."""
        parts, length = [self.left], len(self.left)
        while length < size and (line := next(self.lines, None)) is not None:
            parts.append(line)
            length += len(line)
        text = "".join(parts)
        self.left = text[size:]
        return text[:size]


class Command(BaseCommand):
    """Add generated actors."""

    help = "Add N generated actors, to test a large database. All or nothing. Never use it on a real site."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("count", metavar="N", type=count, help="number of actors, from 1 to 100000000")
        parser.add_argument("--seed", type=int, default=1, help="seed of the generator (default: 1)")

    def handle(self, *args: Any, count: int, seed: int, **options: Any) -> None:
        """Add the actors in one transaction."""
        if count > 1_000_000 and connection.vendor != "postgresql":
            raise CommandError("More than a million actors need PostgreSQL.")
        start = time.monotonic()
        progress = Progress(self.stderr, count)
        with transaction.atomic():
            if connection.vendor == "postgresql":
                self.copy(self.counted(sample_people(count, seed), progress))
            else:
                self.insert(self.counted(sample_people(count, seed), progress))
        progress.end()
        seconds = time.monotonic() - start
        self.stdout.write(f"Added {count:,} actors in {seconds:.1f} s, {count / seconds:,.0f} a second.")

    def counted(self, rows: Iterable[Row], progress: Progress) -> Iterator[Row]:
        """Yield ``rows``, and report the number so far to ``progress`` after every 1,000."""
        for number, row in enumerate(rows, 1):
            yield row
            if number % 1_000 == 0:
                progress(number)

    def copy(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Add ``rows`` with COPY."""
        with connection.cursor() as cursor:
            cursor.copy_expert(f"COPY actor ({', '.join(SAMPLE_COLUMNS)}) FROM STDIN", CopyReader(rows))
            # The planner needs statistics of the new rows before the first page is read.
            cursor.execute("ANALYZE actor")

    def insert(self, rows: Iterator[tuple[Any, ...]]) -> None:
        """Add ``rows`` in batches: bulk_create holds all its objects in memory."""
        while some := [Actor(**dict(zip(SAMPLE_COLUMNS, row, strict=True))) for row in islice(rows, INSERT_BATCH_ROWS)]:
            Actor.objects.bulk_create(some)
