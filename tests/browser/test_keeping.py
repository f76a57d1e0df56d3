"""What an editor typed is not lost, and overwrites nobody, whatever comes between the form and its saving."""

import pytest

from actors.models import Actor, Film
from tests.browser.following import follow
from tests.browser.test_admin import _directory, sign_in  # noqa: F401  fixtures

pytestmark = pytest.mark.django_db(transaction=True)


MINE = "Mine, which took an hour to write."


@pytest.fixture
def address():
    """The address of the form of one actor, whom a second editor may change meanwhile."""
    return f"/admin/actors/actor/{Actor.objects.get(last_name='Mifune').pk}/change/"


def save(page):
    follow(page.get_by_role("button", name="Save", exact=True).first)


def overtake():
    Actor.objects.filter(last_name="Mifune").update(biography="Theirs.")


def biography():
    return Actor.objects.get(last_name="Mifune").biography


def test_going_back_from_a_conflict_and_saving_again_meets_it_again(page, address):
    sign_in(page, address)
    page.get_by_label("Biography").fill(MINE)
    overtake()
    for _ in range(2):
        save(page)
        page.get_by_role("heading", name="was changed while you were editing").wait_for()
        page.go_back()
        assert page.get_by_label("Biography").input_value() == MINE
    assert biography() == "Theirs."

    # A form without anything of theirs is of what there is now, and does not ask when it is left.
    page.goto(address)
    page.get_by_label("Country").select_option("FR")
    save(page)
    page.wait_for_url("**/admin/actors/actor/")
    page.go_back()
    page.get_by_label("Country").select_option("US")
    save(page)
    page.wait_for_url("**/admin/actors/actor/")
    assert Actor.objects.get(last_name="Mifune").country == "US"


def test_going_back_from_the_conflict_of_a_film_meets_it_again(page):
    film = Film.objects.create(title="Rashomon", year=1950)
    sign_in(page, f"/admin/actors/film/{film.pk}/change/")
    page.locator("[name=title]").fill("Rashōmon, mine")
    Film.objects.filter(pk=film.pk).update(title="Theirs")
    for _ in range(2):
        save(page)
        page.get_by_role("heading", name="was changed while you were editing").wait_for()
        page.go_back()
        assert page.locator("[name=title]").input_value() == "Rashōmon, mine"
    film.refresh_from_db()
    assert film.title == "Theirs"

