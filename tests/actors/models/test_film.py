"""Films and credits: validation, and the import from the database of the replaced page."""

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from actors.models import Actor, Credit, Film

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]

OLD = """
CREATE TABLE film (film_id integer PRIMARY KEY, title varchar(255) NOT NULL, release_year integer);
CREATE TABLE film_actor (actor_id integer NOT NULL, film_id integer NOT NULL, PRIMARY KEY (actor_id, film_id));
INSERT INTO film VALUES (1, 'ACADEMY DINOSAUR', 2006), (2, 'ACE GOLDFINGER', NULL);
INSERT INTO film_actor VALUES (1, 1), (1, 2), (2, 2), (99, 2);
INSERT INTO actor (actor_id, first_name, last_name) VALUES (1, 'PENELOPE', 'GUINESS'), (2, 'NICK', 'WAHLBERG');
"""


@pytest.fixture
def old_tables(db):
    with connection.cursor() as cursor:
        for statement in OLD.split(";"):
            if statement.strip():
                cursor.execute(statement)


def test_film_is_found_by_both_titles_and_edits_raise_its_version():
    film = Film.objects.create(title="Breathless", original_title="À bout de souffle", year=1960)
    assert Film.objects.search("A BOUT souffle").get() == film
    film.title = "Out of Breath"
    film.save()
    film.refresh_from_db()
    assert (film.version, film.sort_title, str(film)) == (2, "out of breath", "Out of Breath (1960)")
    film.save()
    film.refresh_from_db()
    assert film.version == 2


@pytest.mark.parametrize("year", [1887, 2999])
def test_impossible_year_of_a_film_is_refused(year):
    with pytest.raises(ValidationError, match="Enter a year from 1888"):
        Film(title="A", year=year).full_clean()


def test_credits_are_sorted_by_billing(actor):
    film = Film.objects.create(title="Seven Samurai", year=1954)
    shimura = Actor.objects.create(first_name="Takashi", last_name="Shimura")
    tsuchiya = Actor.objects.create(first_name="Yoshio", last_name="Tsuchiya")
    for who, billing in ((tsuchiya, None), (shimura, 2), (actor, 1)):
        Credit.objects.create(actor=who, film=film, billing=billing)
    assert [credit.actor for credit in film.credits.all()] == [actor, shimura, tsuchiya]


def test_second_credit_for_the_same_character_is_refused(actor):
    film = Film.objects.create(title="Kagemusha")
    Credit.objects.create(actor=actor, film=film, character="A lord")
    Credit.objects.create(actor=actor, film=film, character="His double")
    with pytest.raises(ValidationError, match="already has this credit in this film"):
        Credit(actor=actor, film=film, character="A lord").full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        Credit.objects.create(actor=actor, film=film, character="A lord")


def test_repeated_import_of_old_films_keeps_edits(old_tables, capsys):
    call_command("import_old_films")
    assert capsys.readouterr().out == "Added 2 films and 3 credits.\n"
    film = Film.objects.get(legacy_id=1)
    assert (film.title, film.year, film.sort_title) == ("ACADEMY DINOSAUR", 2006, "academy dinosaur")
    assert [credit.actor_id for credit in Film.objects.get(legacy_id=2).credits.all()] == [1, 2]

    Film.objects.filter(pk=film.pk).update(title="Academy Dinosaur")
    Credit.objects.filter(film=film).update(character="The Professor")
    call_command("import_old_films")
    assert capsys.readouterr().out == "Added 0 films and 0 credits.\n"
    film.refresh_from_db()
    assert film.title == "Academy Dinosaur"
    assert film.credits.get().character == "The Professor"


def test_old_films_deleted_by_editors_are_not_imported_again(old_tables, capsys):
    call_command("import_old_films")
    first, second = Film.objects.order_by("legacy_id")
    # The film was renamed and has no year. Only the history has its first title.
    second.title = "Ace Goldfinger"
    second.save()
    second.delete()
    first.credits.get().delete()
    capsys.readouterr()
    call_command("import_old_films")
    assert capsys.readouterr().out == "Added 0 films and 0 credits.\n"
    assert Film.objects.get() == first and not Credit.objects.exists()


def test_restored_old_film_is_not_imported_again(old_tables):
    call_command("import_old_films")
    pk = Film.objects.get(legacy_id=1).pk
    Film.objects.filter(pk=pk).delete()
    # A restore from the history does the same: it does not set legacy_id.
    Film.objects.create(pk=pk, title="ACADEMY DINOSAUR", year=2006)
    call_command("import_old_films")
    assert Film.objects.get(title="ACADEMY DINOSAUR").pk == pk


def test_old_credit_moved_to_another_actor_is_kept(old_tables):
    call_command("import_old_films")
    Credit.objects.filter(film__legacy_id=1).update(actor_id=2)
    call_command("import_old_films")
    assert Credit.objects.get(film__legacy_id=1).actor_id == 2


def test_titles_of_old_films_are_cleaned(old_tables):
    """Old titles are normalized like those of other films: NFC, one line, no invisible characters."""
    with connection.cursor() as cursor:
        titles = ["\u202eOld \x01film", " Am\u00e9lie", "Ame\u0301lie", "Two\r\nlines\t"]
        cursor.executemany("INSERT INTO film VALUES (%s, %s, 1999)", list(enumerate(titles, 11)))
    call_command("import_old_films")
    found = Film.objects.filter(legacy_id__gt=10).order_by("legacy_id").values_list("title", flat=True)
    assert list(found) == ["Old film", "Am\u00e9lie", "Am\u00e9lie", "Two lines"]


def test_command_names_missing_old_tables():
    with pytest.raises(CommandError, match="no table film and no table film_actor"):
        call_command("import_old_films")
