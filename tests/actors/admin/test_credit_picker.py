"""Choosing the actor of a credit without JavaScript, by a typed name or id."""

import pytest
from django.contrib.auth.models import Permission, User

from actors.admin.credit_picker import find_actor
from actors.models import Actor, Credit, Film
from tests.actors.admin.test_actors import editor
from tests.actors.admin.test_films import FILMS, change_url, form

pytestmark = pytest.mark.django_db


def written(film, text, **changes):
    """Return the form of a film with a new credit for the typed name ``text``."""
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
def test_typed_name_or_id_selects_the_actor(client, film, shimura, text):
    editor(client)
    page = client.get(change_url(film)).content.decode()
    assert '<input type="text" name="credits-1-actor_written" value="">' in page
    assert client.post(change_url(film), written(film, text.format(shimura.pk))).status_code == 302
    assert film.credits.get(character="Kambei").actor == shimura


def test_typed_name_overrides_the_select_box(client, film, shimura):
    editor(client)
    changed = form(film) | {"credits-0-actor_written": "Takashi Shimura"}
    assert client.post(change_url(film), changed).status_code == 302
    assert film.credits.get().actor == shimura


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Shimur",
            "No actor is named “Shimur”. Similar names: Takashi Shimura (#{}, 1905–). Enter a full name or an ID.",
        ),
        ("Nobody <b>", "No actor is named “Nobody &lt;b&gt;”."),
        ("999999999", "No actor has the ID 999999999."),
        ("Twin", "Several actors are named “Twin”: Twin (#{}, 1900–); Twin (#{}). Enter the ID of one of them."),
        ("x" * 201, "Enter a name or an ID."),
    ],
)  # fmt: skip
def test_unmatched_name_shows_error_and_keeps_the_form(client, film, actor, shimura, text, expected):
    editor(client)
    duplicates = [Actor.objects.create(first_name="Twin", birth_year=year) for year in (1900, None)]
    expected = expected.format(*([shimura.pk] if "Shimura" in expected else [duplicate.pk for duplicate in duplicates]))
    Film.objects.update(year=1955)
    data = written(film, text, year=1999)
    Film.objects.update(year=1956)  # the name error comes first, then the conflict
    response = client.post(change_url(film), data)
    page = response.content.decode()
    assert response.status_code == 200 and expected in page
    assert f'name="seen" value="{data["seen"]}"' in page and 'value="1999"' in page
    assert client.post(change_url(film), {**data, "credits-1-actor_written": str(shimura.pk)}).status_code == 409
    assert [credit.actor for credit in film.credits.all()] == [actor]


def test_typed_name_selects_the_actor_in_a_new_film(client, shimura):
    editor(client)
    assert client.post(f"{FILMS}add/", written(None, "Nobody", title="Ikiru")).status_code == 200
    assert client.post(f"{FILMS}add/", written(None, "Takashi Shimura", title="Ikiru")).status_code == 302
    assert Film.objects.get(title="Ikiru").credits.get().actor == shimura


def test_typed_name_in_a_removed_row_is_ignored(client, film):
    editor(client)
    person = User.objects.get(username="eve")
    person.user_permissions.add(Permission.objects.get(codename="delete_credit"))
    removed = form(film) | {"credits-0-actor_written": "Nobody", "credits-0-DELETE": "on"}
    assert client.post(change_url(film), removed).status_code == 302
    assert not Credit.objects.exists()


def test_unmatched_name_without_cast_permission_does_not_bypass_version_check(client, film):
    person = User.objects.create_user("frank", is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename__in=["view_film", "change_film"]))
    client.force_login(person)
    crafted = form(film, year=1999) | {"credits-0-actor_written": "Nobody"}
    Film.objects.update(year=1956)
    assert client.post(change_url(film), crafted).status_code == 400
    film.refresh_from_db()
    assert film.year == 1956


def test_text_with_nul_matches_no_actor():
    assert find_actor("a\x00b")[0] is None
