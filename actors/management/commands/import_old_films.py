"""Take over the films of the replaced page's database."""

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

# What we model of the old tables. A row that is here already is left as it is: an editor may have changed it.
# "WHERE true" is for SQLite: https://www.sqlite.org/lang_upsert.html#parsing_ambiguity
FILMS = """
    INSERT INTO actors_film (title, year, legacy_id)
    SELECT trim(title), release_year, film_id FROM film WHERE true
    ON CONFLICT (legacy_id) DO NOTHING
"""
CREDITS = """
    INSERT INTO actors_credit (actor_id, film_id)
    SELECT old.actor_id, new.id
    FROM film_actor AS old
    JOIN actors_film AS new ON new.legacy_id = old.film_id
    JOIN actor ON actor.actor_id = old.actor_id
    WHERE NOT EXISTS (
        SELECT 1 FROM actors_credit AS here WHERE here.actor_id = old.actor_id AND here.film_id = new.id
    )
"""


class Command(BaseCommand):
    help = (
        "Copies the tables `film` and `film_actor` of the replaced page's database into ours, which is the same "
        "database: titles, years, and who is in which film. Safe to repeat: films and credits that are here stay "
        "as they are. The old tables are only read."
    )

    def handle(self, **options):
        tables = connection.introspection.table_names()
        if missing := [name for name in ("film", "film_actor") if name not in tables]:
            raise CommandError(
                f"This database has no table {' and no table '.join(missing)}: there is nothing to copy."
            )
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(FILMS)
            films = cursor.rowcount
            cursor.execute(CREDITS)
            credits = cursor.rowcount
        self.stdout.write(f"Added {films} films and {credits} credits.")
