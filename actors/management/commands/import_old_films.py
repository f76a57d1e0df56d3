"""``manage.py import_old_films``: copy the films and credits of the replaced page."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

from actors.models import Film, FilmChange

# Only columns that Film also has. Films that were already copied are skipped: an editor may have changed them.
FILMS_SQL = """
    SELECT trim(title), release_year, film_id FROM film
    WHERE NOT EXISTS (SELECT 1 FROM actors_film WHERE legacy_id = film_id) ORDER BY film_id
"""
# A credit that is in the history but no longer in the table was removed by an editor, and is not added again.
CREDITS_SQL = """
    INSERT INTO actors_credit (actor_id, film_id)
    SELECT old.actor_id, new.id
    FROM film_actor AS old
    JOIN actors_film AS new ON new.legacy_id = old.film_id
    JOIN actor ON actor.actor_id = old.actor_id
    WHERE NOT EXISTS (
        SELECT 1 FROM actors_credit AS here WHERE here.actor_id = old.actor_id AND here.film_id = new.id
    ) AND NOT EXISTS (
        SELECT 1 FROM actors_filmchange AS gone
        WHERE gone.film_id = new.id AND gone.actor_id = old.actor_id
    )
"""
TITLE = Film._meta.get_field("title")


def clean(title: str) -> str:
    """Return ``title`` as Film stores it. Removes forbidden characters: the old table cannot be corrected."""
    return TITLE.clean_text(TITLE.forbidden.sub("", " ".join(title.split())))


def deleted() -> set[tuple[str, int | None]]:
    """Return every (title, year) that a film deleted here ever had. These pairs identify its row in the old table."""
    entries = FilmChange.objects.filter(credit_id=None)
    entries = entries.filter(film_id__in=entries.filter(kind="-").values("film_id"), before__isnull=False)
    return {(clean(title), year) for title, year in entries.values_list("before__title", "before__year")}


class Command(BaseCommand):
    """Copy the films of the replaced page."""

    help = (
        "Copy films and credits from the tables `film` and `film_actor` of the replaced page, in the same database. "
        "You can run it again: existing films and credits stay unchanged, and deleted ones are not added again. "
        "The old tables are only read."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Copy films and credits in one transaction. Raises CommandError if the old tables do not exist."""
        tables = connection.introspection.table_names()
        if missing := [name for name in ("film", "film_actor") if name not in tables]:
            raise CommandError(
                f"This database has no table {' and no table '.join(missing)}: there is nothing to copy."
            )
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(FILMS_SQL)
            found = [(clean(title), year, legacy_id) for title, year, legacy_id in cursor.fetchall()]
            gone = deleted()
            films = [
                Film(title=title, year=year, legacy_id=legacy_id)
                for title, year, legacy_id in found
                if (title, year) not in gone
            ]
            # The command may run twice at the same time.
            Film.objects.bulk_create(films, ignore_conflicts=True)
            cursor.execute(CREDITS_SQL)
            credits = cursor.rowcount
        self.stdout.write(f"Added {len(films)} films and {credits} credits.")
