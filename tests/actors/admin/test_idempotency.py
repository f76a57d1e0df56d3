"""A form that is submitted twice takes effect once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils.timezone import now

from actors.models import Actor, Credit, Film, SubmittedForm
from tests.actors.admin.conflicts.test_actors import editor
from tests.actors.admin.test_actors import LIST, change_url, form
from tests.actors.admin.test_films import FILMS
from tests.actors.admin.test_films import form as film_form

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]


@pytest.fixture
def alice(actor):
    return editor("alice")


def key(client, path=f"{LIST}add/"):
    return client.get(path).context["form_key"]


def test_form_submitted_twice_adds_one_actor(alice):
    new = form(first_name="Setsuko", last_name="Hara", form_key=key(alice))
    responses = [alice.post(f"{LIST}add/", new, follow=True) for _ in range(2)]
    assert Actor.objects.filter(last_name="Hara").count() == 1
    for response in responses:
        assert response.redirect_chain == [(LIST, 302)]
        assert "was added successfully" in response.content.decode()

    # Another button submits the same form, but determines the redirect.
    again = {name: value for name, value in new.items() if name != "_save"} | {"_continue": "Save and continue"}
    hara = Actor.objects.get(last_name="Hara")
    assert alice.post(f"{LIST}add/", again)["Location"] == change_url(hara)


def test_submission_with_other_data_key_or_user_adds_another_actor(alice, actor):
    new = form(last_name="Hara", form_key=key(alice))
    for data in (new, {**new, "first_name": "Setsuko"}, {**new, "form_key": key(alice)}):
        alice.post(f"{LIST}add/", data)
    editor("bob").post(f"{LIST}add/", new)
    assert Actor.objects.filter(last_name="Hara").count() == 4


def test_form_with_errors_is_not_recorded_as_submitted(alice):
    wrong = form(last_name="Hara", birth_year="1066", form_key=key(alice))
    again = alice.post(f"{LIST}add/", wrong).context["form_key"]
    assert not SubmittedForm.objects.exists()
    alice.post(f"{LIST}add/", {**wrong, "birth_year": "1920", "form_key": again})
    assert Actor.objects.filter(last_name="Hara").count() == 1


def test_submissions_expire_and_deleted_actors_can_be_added_again(alice):
    new = form(last_name="Hara", form_key=key(alice))
    alice.post(f"{LIST}add/", new)
    Actor.objects.filter(last_name="Hara").delete()
    alice.post(f"{LIST}add/", new)
    assert Actor.objects.filter(last_name="Hara").count() == 1
    SubmittedForm.objects.update(at=now().replace(year=2020))
    alice.post(f"{LIST}add/", form(last_name="Kyō", form_key=key(alice)))
    assert SubmittedForm.objects.count() == 1


def test_form_submitted_twice_adds_one_film_with_cast(alice, actor):
    new = film_form(new=[(actor, "Tajōmaru")], title="Rashomon", form_key=key(alice, f"{FILMS}add/"))
    for _ in range(2):
        assert alice.post(f"{FILMS}add/", new)["Location"] == FILMS
    assert Film.objects.count() == Credit.objects.count() == 1


def test_second_click_on_save_causes_no_conflict(alice, actor):
    for _ in range(2):
        response = alice.post(change_url(actor), form(actor, country="FR"))
        assert (response.status_code, response["Location"]) == (302, LIST)
    actor.refresh_from_db()
    assert (actor.country, actor.version) == ("FR", 2)

    film = Film.objects.create(title="Rashomon")
    changed = film_form(film, new=[(actor, "Tajōmaru")], year=1950)
    for _ in range(2):
        assert alice.post(f"{FILMS}{film.pk}/change/", changed)["Location"] == FILMS
    assert Credit.objects.count() == 1


def test_same_change_by_another_user_returns_409(alice, actor):
    editor("bob").post(change_url(actor), form(actor, country="FR"))
    response = alice.post(change_url(actor), form(actor, country="FR"))
    assert response.status_code == 409
    assert "The other editor made the same changes" in response.content.decode()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_simultaneous_submissions_add_one_actor():
    User.objects.create_superuser("root")
    new = form(last_name="Hara", form_key="one key")
    barrier = Barrier(4)

    def send(_n):
        try:
            client = Client()
            client.force_login(User.objects.get())
            barrier.wait(timeout=20)
            return client.post(f"{LIST}add/", new).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(send, range(4))) == [302] * 4
    assert Actor.objects.count() == 1


def test_popup_closes_after_each_submission_of_a_valid_to_field(alice, actor):
    small = form(actor, country="FR", _popup="1", _to_field="id")
    for _ in range(2):
        assert "data-popup-response" in alice.post(change_url(actor), small).content.decode()
    for strange in ("delete", "version"):
        assert alice.post(change_url(actor), {**small, "_to_field": strange}).status_code == 400
