"""An actor gets a part where no script runs: by name or id, written out."""

import pytest
from django.contrib.auth.models import Permission, User

from actors.admin.credit_picker import find_actor
from actors.models import Actor, Credit, Film
from tests.actors.admin.test_actors import editor
from tests.actors.admin.test_films import FILMS, address, film, form  # noqa: F401  the fixture

pytestmark = pytest.mark.django_db


def written(film, text, **changes):  # noqa: F811  no fixture here
    """The form of a film in which a new part is given to ``text``."""
    data = form(film, new=[(Actor(pk=""), "Kambei")], **changes)
    return {**data, f"credits-{film.credits.count() if film else 0}-actor_written": text}


@pytest.fixture
def shimura():
    return Actor.objects.create(
        first_name="Takashi",
        last_name="Shimura",
        native_name="志村喬",
        also_known_as="Shimazaki Shōji",
        birth_year=1905,
    )


@pytest.mark.parametrize(
    "text", ["Takashi Shimura", " takashi  SHIMURA ", "Shimura, Takashi", "志村喬", "Shimazaki Shoji", "{}", "#{}"]
)
def test_an_actor_is_found_by_what_was_written(client, film, shimura, text):  # noqa: F811  the fixture
    editor(client)
    page = client.get(address(film)).content.decode()
    assert '<input type="text" name="credits-1-actor_written" value="">' in page
    assert client.post(address(film), written(film, text.format(shimura.pk))).status_code == 302
    assert film.credits.get(character="Kambei").actor == shimura


def test_what_is_written_comes_before_what_the_box_has(client, film, shimura):  # noqa: F811  the fixture
    editor(client)
    changed = form(film) | {"credits-0-actor_written": "Takashi Shimura"}
    assert client.post(address(film), changed).status_code == 302
    assert film.credits.get().actor == shimura


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Shimur", "Nobody is named “Shimur”. Alike are: Takashi Shimura (#{}, 1905–). Write a whole name, or an id."),
        ("Nobody <b>", "Nobody is named “Nobody &lt;b&gt;”."),
        ("999999999", "There is no actor with the id 999999999."),
        ("Twin", "Several actors are named “Twin”: Twin (#{}, 1900–); Twin (#{}). Write the id of one."),
        ("x" * 201, "This is no name."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_and_nothing_is_lost(client, film, actor, shimura, text, said):  # noqa: F811  the fixture
    editor(client)
    twins = [Actor.objects.create(first_name="Twin", birth_year=year) for year in (1900, None)]
    said = said.format(*([shimura.pk] if "Shimura" in said else [twin.pk for twin in twins]))
    Film.objects.update(year=1955)
    data = written(film, text, year=1999)
    Film.objects.update(year=1956)  # a conflict waits until it is known who is meant
    answer = client.post(address(film), data)
    page = answer.content.decode()
    assert answer.status_code == 200 and said in page
    assert f'name="seen" value="{data["seen"]}"' in page and 'value="1999"' in page
    assert client.post(address(film), {**data, "credits-1-actor_written": str(shimura.pk)}).status_code == 409
    assert [credit.actor for credit in film.credits.all()] == [actor]


def test_a_new_film_too(client, shimura):
    editor(client)
    assert client.post(f"{FILMS}add/", written(None, "Nobody", title="Ikiru")).status_code == 200
    assert client.post(f"{FILMS}add/", written(None, "Takashi Shimura", title="Ikiru")).status_code == 302
    assert Film.objects.get(title="Ikiru").credits.get().actor == shimura


def test_what_is_written_in_a_line_that_is_removed_does_not_matter(client, film):  # noqa: F811  the fixture
    editor(client)
    person = User.objects.get(username="eve")
    person.user_permissions.add(Permission.objects.get(codename="delete_credit"))
    removed = form(film) | {"credits-0-actor_written": "Nobody", "credits-0-DELETE": "on"}
    assert client.post(address(film), removed).status_code == 302
    assert not Credit.objects.exists()


def test_a_form_without_a_cast_does_not_pass_the_guard(client, film):  # noqa: F811  the fixture
    person = User.objects.create_user("frank", is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename__in=["view_film", "change_film"]))
    client.force_login(person)
    crafted = form(film, year=1999) | {"credits-0-actor_written": "Nobody"}
    Film.objects.update(year=1956)
    assert client.post(address(film), crafted).status_code == 400
    film.refresh_from_db()
    assert film.year == 1956


def test_nobody_is_found_by_what_is_no_name():
    assert find_actor("a\x00b")[0] is None
