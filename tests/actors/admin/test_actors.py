"""Actors in the admin: lists, forms, permissions, hostile input."""

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from actors.history.actors import TRACKED_FIELDS
from actors.models import Actor
from tests.breadcrumbs import breadcrumbs
from tests.clients import PASSWORD

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]

LIST = "/admin/actors/actor/"


def person(name, **traits):
    return User.objects.create_user(name, password=PASSWORD, **traits)


@pytest.fixture
def alice(client):
    """Sign in an editor, and return the user."""
    alice = person("alice", is_staff=True)
    alice.groups.add(Group.objects.get(name="Editors"))
    client.force_login(alice)
    return alice


@pytest.fixture
def root(client):
    """Sign in a superuser, and return the user."""
    root = person("root", is_staff=True, is_superuser=True)
    client.force_login(root)
    return root


def form(actor=None, **changes):
    """Return the data of the change form as a browser submits it."""
    values = {name: getattr(actor, name, None) or "" for name in TRACKED_FIELDS}
    return {**values, "seen": getattr(actor, "version", ""), **changes, "_save": "Save"}


def change_url(actor):
    return f"{LIST}{actor.pk}/change/"


def names(response):
    return [str(actor) for actor in response.context["cl"].result_list]


# Lists and searches


def test_list_shows_name_country_and_years(client, alice, actor):
    page = client.get(LIST).content.decode()
    for text in ("Mifune, Toshirō", "三船敏郎", "Japan", "1920", "1997"):
        assert text in page


@pytest.mark.parametrize("query", ["mifune", "TOSHIRO mif", "三船"])
def test_search_finds_the_same_as_the_public_search(client, alice, actor, query):
    Actor.objects.create(first_name="Cher")
    assert names(client.get(LIST, {"q": query})) == ["Toshirō Mifune"]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({"living": "yes"}, ["Cher"]),
        ({"living": "no"}, ["Toshirō Mifune"]),
        ({"country": "JP"}, ["Toshirō Mifune"]),
        ({"country": "none"}, ["Cher"]),
        ({"country": "FR"}, []),
        ({"missing": "birth_year"}, ["Cher"]),
        ({"missing": "native_name"}, ["Cher"]),
        ({"missing": "biography", "living": "no"}, ["Toshirō Mifune"]),
    ],
)
def test_filters_list_matching_actors(client, alice, actor, chosen, expected):
    Actor.objects.create(first_name="Cher")
    assert names(client.get(LIST, chosen)) == expected


def test_country_filter_offers_only_countries_of_actors(client, alice, actor):
    page = client.get(LIST).content.decode()
    assert "?country=JP" in page
    assert "?country=FR" not in page


def test_list_needs_at_most_8_queries(client, alice, django_assert_max_num_queries):
    Actor.objects.bulk_create(Actor(first_name=f"A{n}", country="FR") for n in range(120))
    with django_assert_max_num_queries(8):
        assert len(names(client.get(LIST))) == 50


# Editing


def test_saving_stores_changes_and_returns_to_the_list(client, alice, actor):
    response = client.post(change_url(actor), form(actor, biography="He worked with Akira Kurosawa."), follow=True)
    assert "was changed successfully" in response.content.decode()
    actor.refresh_from_db()
    assert (actor.biography, actor.version) == ("He worked with Akira Kurosawa.", 2)


def test_version_and_last_change_are_read_only(client, alice, actor):
    page = client.get(change_url(actor)).content.decode()
    assert 'name="version"' not in page and "field-version" in page
    client.post(change_url(actor), form(actor, last_name="M", version="99", last_update_0="1999-01-01"))
    actor.refresh_from_db()
    assert (actor.version, actor.last_update.year > 2000) == (2, True)


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        ({"first_name": "", "last_name": ""}, "Enter a first name, a last name, or both."),
        ({"birth_year": "1066"}, "Enter a year from 1800"),
        ({"birth_year": "1950", "death_year": "1949"}, "is before the year of birth, 1950"),
        ({"death_year": "9" * 400}, "Ensure this value is less than or equal to"),
        ({"last_name": "x" * 46}, "at most 45 characters (it has 46)"),
        ({"first_name": "😀" * 200}, "at most 45 characters (it has 200)"),
        ({"country": "ZZ"}, "ZZ is not one of the available choices"),
        ({"first_name": "a\u202eb"}, "U+202E"),
        ({"biography": "a\x1bb"}, "U+001B"),
        ({"native_name": "a\x00b"}, "Null characters are not allowed"),
    ],
)
def test_invalid_value_shows_error_and_stores_nothing(client, alice, actor, mistake, message):
    response = client.post(change_url(actor), form(actor, **mistake))
    assert response.status_code == 200
    assert message in response.content.decode()
    actor.refresh_from_db()
    assert actor.version == 1


def test_missing_name_is_reported_on_the_first_name_field(client, alice, actor):
    mistakes = client.post(change_url(actor), form(actor, first_name="", last_name="")).context["adminform"].form.errors
    assert mistakes == {"first_name": ["Enter a first name, a last name, or both."]}
    mistakes = client.post(change_url(actor), form(actor, first_name="x" * 46, last_name="")).context["adminform"].form
    assert len(mistakes.errors["first_name"]) == 1 and "at most 45" in mistakes.errors["first_name"][0]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_form_with_errors_keeps_the_stored_name_as_heading(client, alice, actor, language):
    wrong = form(actor, first_name="", last_name="")
    response = client.post(change_url(actor), wrong, headers={"accept-language": language})
    page = response.content.decode()
    assert page.count("<h2>Toshirō Mifune</h2>") == 1 and f"#{actor.pk}" not in page
    assert breadcrumbs(page)[-1] == "Toshirō Mifune" and 'name="first_name" value=' not in page
    assert f'name="seen" value="{actor.version}"' in page


def test_script_in_name_is_escaped(client, alice):
    actor = Actor.objects.create(first_name="<script>alert(1)</script>")
    for page in (LIST, change_url(actor)):
        content = client.get(page).content.decode()
        assert "<script>alert" not in content and "&lt;script&gt;alert" in content


def test_form_links_to_the_public_page(client, alice, actor):
    assert f'href="{actor.get_absolute_url()}"' in client.get(change_url(actor)).content.decode()


# Permissions: the status code that each role gets for lists and forms, adding and changing, deletion, and accounts.


def nobody(client):
    pass


def plain_staff(client):
    client.force_login(person("bob", is_staff=True))


def editor(client):
    eve = person("eve", is_staff=True)
    eve.groups.add(Group.objects.get(name="Editors"))
    client.force_login(eve)


def editor_without_staff(client):
    """Sign in a member of Editors who is not staff, so may not enter the admin."""
    mallory = person("mallory")
    mallory.groups.add(Group.objects.get(name="Editors"))
    client.force_login(mallory)


def administrator(client):
    client.force_login(person("root", is_staff=True, is_superuser=True))


@pytest.mark.parametrize(
    ("role", "seen", "done", "deleted", "accounts"),
    [
        (nobody, 302, 302, 302, 302),
        (plain_staff, 403, 403, 403, 403),
        (editor_without_staff, 302, 302, 302, 302),
        (editor, 200, 302, 403, 403),
        (administrator, 200, 302, 302, 200),
    ],
)
def test_actor_access_depends_on_role(client, actor, role, seen, done, deleted, accounts):
    role(client)
    may_write = seen == 200
    for page in (LIST, change_url(actor), f"{LIST}add/", f"/admin/actors/change/?actor={actor.pk}"):
        assert client.get(page).status_code == seen, page
    assert client.post(f"{LIST}add/", form(first_name="New")).status_code == done
    assert client.post(change_url(actor), form(actor, last_name="M")).status_code == done
    assert Actor.objects.filter(first_name="New").exists() is may_write
    assert Actor.objects.filter(last_name="M").exists() is may_write
    seen = f"{actor.pk}:{1 + may_write}"
    client.post(LIST, {"action": "delete_selected", "_selected_action": actor.pk, "post": "yes", "seen": seen})
    assert Actor.objects.filter(pk=actor.pk).exists() is (role is not administrator)
    other = Actor.objects.create(first_name="Other")
    assert client.post(f"{LIST}{other.pk}/delete/", {"post": "yes", "seen": 1}).status_code == deleted
    assert Actor.objects.filter(pk=other.pk).exists() is (role is not administrator)
    for page in ("/admin/auth/user/", "/admin/auth/group/"):
        assert client.get(page).status_code == accounts


# Hostile input


@pytest.mark.parametrize(
    "query",
    [
        "last_name__regex=((((",
        "last_name=x",
        "version__gt=0",
        "id__in=1,2",
        "name=%00",
        "country=%00",
        "country=ZZ",
        "living=maybe",
        "missing=password",
        "_to_field=last_name",
    ],
)
def test_undeclared_lookups_return_400(client, alice, actor, query):
    assert client.get(f"{LIST}?{query}").status_code == 400


@pytest.mark.parametrize(
    "query", ["last_name__regex=((((", "email__startswith=a", "password__startswith=p", "groups__name__regex=(("]
)
def test_undeclared_user_lookups_return_400(client, root, query):
    assert client.get(f"/admin/auth/user/?{query}").status_code == 400


@pytest.mark.parametrize("query", ["is_staff__exact=1", "is_active__exact=%00", "groups__id__exact=((", "q=%00"])
def test_declared_user_lookups_cause_no_server_error(client, root, query):
    assert client.get(f"/admin/auth/user/?{query}").status_code in (200, 302, 400)


@pytest.mark.parametrize(
    "query",
    ["q=%00", "q=a%00b", "q=" + "x" * 201, "q=%ff%fe", "o=99.-0.x", "p=-1", "p=" + "9" * 5000, "p=x", "all=", "e=1"],
)
def test_hostile_query_returns_a_page_or_400(client, alice, actor, query):
    assert client.get(f"{LIST}?{query}").status_code in (200, 302, 400)


@pytest.mark.parametrize(("term", "status"), [("mifune", 200), ("%00", 400), ("a" * 201, 400)])
def test_autocompletion_refuses_nul_and_long_terms(client, alice, actor, term, status):
    query = f"term={term}&app_label=actors&model_name=credit&field_name=actor"
    assert client.get(f"/admin/autocomplete/?{query}").status_code == status


@pytest.mark.parametrize("key", ["0", "-1", "9" * 3900, "٣", "x", "_00", "1_2F"])
def test_invalid_actor_id_returns_302_or_404(client, alice, key):
    response = client.get(f"{LIST}{key}/change/")
    assert response.status_code in (302, 404)


@pytest.mark.parametrize("name", ["x" * 256, "x" * 5000, "a\x00b", "\u202e"])
def test_hostile_login_name_shows_form_with_error(client, name):
    response = client.post("/admin/login/", {"username": name, "password": PASSWORD})
    assert response.status_code == 200
    assert "errornote" in response.content.decode()


@pytest.mark.parametrize("token", [None, "", "wrong", "x" * 64, "\x00"])
def test_form_with_invalid_csrf_token_returns_403(alice, actor, token):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)
    data = form(actor, last_name="M") | ({} if token is None else {"csrfmiddlewaretoken": token})
    assert strict.post(change_url(actor), data).status_code == 403
    actor.refresh_from_db()
    assert actor.version == 1


@pytest.mark.parametrize("enforce", [True, False])
@pytest.mark.parametrize("data", [{"biography": "x" * 3_000_000}, {f"f{n}": "" for n in range(1001)}])
def test_oversized_change_form_is_refused(alice, actor, enforce, data):
    someone = Client(enforce_csrf_checks=enforce, raise_request_exception=False)
    someone.force_login(alice)
    someone.cookies["__Host-csrftoken"] = "x" * 32
    response = someone.post(
        change_url(actor),
        "&".join(f"{key}={value}" for key, value in data.items()),
        "application/x-www-form-urlencoded",
    )
    assert response.status_code in (400, 413)
    actor.refresh_from_db()
    assert actor.version == 1


FORMS = [
    "/admin/login/",
    f"{LIST}add/",
    "/admin/actors/film/add/",
    "/admin/actors/batch/add/",
]


@pytest.mark.parametrize("url", FORMS)
@pytest.mark.parametrize("data", [{"password": "x" * 3_000_000}, {f"f{n}": "" for n in range(1001)}])
def test_oversized_multipart_form_is_refused(root, data, url):
    """The previous test, with multipart/form-data."""
    someone = Client(raise_request_exception=False)
    if "login" not in url:
        someone.force_login(root)
    assert someone.post(url, data).status_code in (400, 413)
