"""Access of every role to every URL and action of the admin. A new one fails here until its access is declared."""

import pytest
from axes.models import AccessAttempt
from django.contrib.admin import site
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import get_resolver

from actors.models import Actor, Batch, Change, Credit, Film, FilmChange, Upload

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

# From the fewest permissions to the most. Each level has the permissions of those before it.
NOBODY, STAFF, EDITOR, CURATOR, ADMINISTRATOR, SUPERUSER, NO_ONE = range(7)
PEOPLE = ["nobody", "member without staff", "staff", "Editors", "Curators", "Administrators", "superuser"]
LEVELS = [NOBODY, NOBODY, STAFF, EDITOR, CURATOR, ADMINISTRATOR, SUPERUSER]

# {URL name: the lowest levels that may GET and POST it}.
VIEWS = {
    "index": (STAFF, STAFF),
    "login": (NOBODY, NOBODY),
    "logout": (STAFF, STAFF),
    "password_change": (STAFF, STAFF),
    "password_change_done": (STAFF, STAFF),
    "factors": (STAFF, STAFF),
    "factor_check": (STAFF, STAFF),
    "factor_app": (STAFF, STAFF),
    "factor_codes": (STAFF, STAFF),
    "factor_remove": (STAFF, STAFF),
    "passkey_new": (STAFF, STAFF),
    "passkey_add": (STAFF, STAFF),
    "passkey_known": (STAFF, STAFF),
    "passkey_check": (STAFF, STAFF),
    "autocomplete": (EDITOR, EDITOR),
    "jsi18n": (STAFF, STAFF),  # translations for the admin's scripts
    "view_on_site": (STAFF, STAFF),  # redirects to public pages only
    "actors_actor_changelist": (EDITOR, EDITOR),
    "actors_actor_add": (EDITOR, EDITOR),
    "actors_actor_change": (EDITOR, EDITOR),
    "actors_actor_history": (EDITOR, EDITOR),
    "actors_actor_delete": (CURATOR, CURATOR),
    "actors_actor_duplicates": (CURATOR, CURATOR),
    "actors_actor_merge": (CURATOR, CURATOR),
    "actors_actor_export": (EDITOR, EDITOR),
    "actors_film_changelist": (EDITOR, EDITOR),
    "actors_film_add": (EDITOR, EDITOR),
    "actors_film_change": (EDITOR, EDITOR),
    "actors_film_history": (EDITOR, EDITOR),
    "actors_film_delete": (CURATOR, CURATOR),
    "actors_film_export": (EDITOR, EDITOR),
    **{
        f"actors_{model}_{page}": levels
        for model in ("change", "filmchange")
        for page, levels in {
            "changelist": (EDITOR, EDITOR),
            "add": (NO_ONE, NO_ONE),
            "change": (EDITOR, NO_ONE),
            "history": (EDITOR, EDITOR),
            "delete": (NO_ONE, NO_ONE),
            "restore": (CURATOR, CURATOR),
        }.items()
    },
    "actors_batch_changelist": (CURATOR, CURATOR),
    "actors_batch_add": (CURATOR, CURATOR),
    "actors_batch_change": (CURATOR, CURATOR),  # this URL and the next redirect to the history
    "actors_batch_history": (CURATOR, CURATOR),
    "actors_batch_delete": (NO_ONE, NO_ONE),
    "actors_batch_undo": (CURATOR, CURATOR),
    "actors_batch_preview": (CURATOR, CURATOR),
    "actors_batch_errors": (CURATOR, CURATOR),
    "auth_user_changelist": (ADMINISTRATOR, ADMINISTRATOR),
    "auth_user_add": (ADMINISTRATOR, ADMINISTRATOR),
    "auth_user_change": (ADMINISTRATOR, ADMINISTRATOR),
    "auth_user_password_change": (ADMINISTRATOR, ADMINISTRATOR),
    "auth_user_history": (ADMINISTRATOR, ADMINISTRATOR),
    "auth_user_delete": (ADMINISTRATOR, ADMINISTRATOR),
    "auth_group_changelist": (ADMINISTRATOR, ADMINISTRATOR),
    "auth_group_add": (SUPERUSER, SUPERUSER),
    "auth_group_change": (ADMINISTRATOR, SUPERUSER),
    "auth_group_history": (ADMINISTRATOR, ADMINISTRATOR),
    "auth_group_delete": (SUPERUSER, SUPERUSER),
    "axes_accessattempt_changelist": (ADMINISTRATOR, ADMINISTRATOR),
    "axes_accessattempt_add": (NO_ONE, NO_ONE),
    "axes_accessattempt_change": (ADMINISTRATOR, NO_ONE),
    "axes_accessattempt_history": (ADMINISTRATOR, ADMINISTRATOR),
    "axes_accessattempt_delete": (ADMINISTRATOR, ADMINISTRATOR),
    "app_list": (EDITOR, EDITOR),
}
# {model: {list action: the lowest level that has it}}.
EXPORTS = {f"export_{kind}": EDITOR for kind in ("csv", "tsv", "xlsx", "json", "ndjson")}
ACTIONS = {
    Actor: {"delete_selected": CURATOR, "merge_selected": CURATOR, **EXPORTS},
    Film: {"delete_selected": CURATOR, **EXPORTS},
    User: {"delete_selected": ADMINISTRATOR, "reset_second_factor": ADMINISTRATOR},
    Group: {"delete_selected": SUPERUSER},
    AccessAttempt: {"delete_selected": ADMINISTRATOR},
}


def patterns(url_patterns=None, prefix=""):
    """Yield (name, route with placeholders) of every named URL below /admin/."""
    for pattern in get_resolver().url_patterns if url_patterns is None else url_patterns:
        route = prefix + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from patterns(pattern.url_patterns, route)
        elif route.startswith("admin/") and pattern.name:
            yield pattern.name, route


def test_every_url_has_declared_access():
    assert {name for name, _route in patterns()} == VIEWS.keys()


@pytest.fixture
def things(actor):
    """Create an object of each model; return {model name: id}."""
    film = Film.objects.create(title="Yojimbo")
    Credit.objects.create(actor=actor, film=film)
    objects = {
        "actor": actor,
        "film": film,
        "change": Change.objects.latest("pk"),
        "filmchange": FilmChange.objects.latest("pk"),
        "batch": Batch.objects.create(kind="import", who="x", name="x.csv"),
        "user": User.objects.create_user("someone"),
        "group": Group.objects.create(name="A group"),
        "accessattempt": AccessAttempt.objects.create(username="x", ip_address="192.0.2.1", failures_since_start=1),
    }
    return {name: thing.pk for name, thing in objects.items()} | {"other": Actor.objects.create(first_name="Other").pk}


def client_of(name):
    """Return a client in which a user with the role ``name`` is signed in."""
    client = Client()
    if name != "nobody":
        account = User.objects.create_user(
            f"{name} in the test", is_staff=name != "member without staff", is_superuser=name == "superuser"
        )
        if member := {"member without staff": "Administrators"}.get(name, name if name[0].isupper() else None):
            account.groups.add(Group.objects.get(name=member))
        client.force_login(account)
    return client


def urls(client, things):
    """Yield (name, URL of an existing object), with a file uploaded by ``client`` if it has permission."""
    client.post("/admin/actors/batch/add/", {"file": SimpleUploadedFile("a.csv", b"first_name\nA\n")})
    upload = Upload.objects.latest("pk") if Upload.objects.exists() else None
    for name, route in patterns():
        parts = route.split("/")
        model = parts[2] if len(parts) > 3 else ""
        pk = str(upload.pk if upload else 1) if name in ("actors_batch_preview", "actors_batch_errors") else None
        pk = pk or str(things.get(model, 1))
        kind_of_actor = ContentType.objects.get_for_model(Actor).pk
        for placeholder, value in {
            "<path:content_type_id>/<path:object_id>": f"{kind_of_actor}/{things['actor']}",
            "<path:object_id>": pk,
            "<int:pk>": pk,
            "<id>": pk,
            "<slug:kind>": "csv",
            "^(?P<app_label>actors|auth|axes)/$": "actors/",
        }.items():
            route = route.replace(placeholder, value)
        query = {
            "autocomplete": "?term=a&app_label=actors&model_name=credit&field_name=actor",
            "actors_actor_merge": f"?a={things['actor']}&b={things['other']}",
        }.get(name, "")
        assert "<" not in route, route
        yield name, f"/{route}{query}"


def is_refused(response, level):
    """Return whether access was refused: a redirect to the login page, or 403 for staff."""
    if level == NOBODY:
        return response.status_code == 302 and "/admin/login/?next=" in response["Location"]
    # For an app whose models may not be viewed, Django's app index is 404.
    return response.status_code == 403 or (
        response.status_code == 404 and response.request["PATH_INFO"] == "/admin/actors/"
    )


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(("person", "level"), zip(PEOPLE, LEVELS, strict=True))
def test_every_url_is_allowed_or_refused_as_declared_for_each_role(things, person, level, method):
    client = client_of(person)
    wrong = []
    for name, url in urls(client, things):
        if name == "logout":
            continue
        response = getattr(client, method)(url)
        allowed = level >= VIEWS[name][method == "post"]
        # A URL that allows only one method returns 405 to all staff.
        known = response.status_code == 405 and level >= STAFF
        if response.status_code >= 500 or (not known and is_refused(response, level) is allowed):
            wrong.append((url, response.status_code))
    assert not wrong


def test_missing_second_factor_blocks_every_other_page(things, settings):
    """If second factors are required, a user without one can open only the pages that set one up."""
    settings.STAFF_SECOND_FACTOR = "required"
    client = client_of("superuser")
    own = {"login", "logout", *(name for name in VIEWS if name.startswith(("factor", "passkey")))}
    for name, url in urls(client, things):
        if name not in own:
            for response in (client.get(url), client.post(url)):
                assert response.status_code == 302 and "/admin/login/?next=" in response["Location"], url
    assert not Upload.objects.exists()


@pytest.mark.parametrize(("person", "level"), zip(PEOPLE[2:], LEVELS[2:], strict=True))
def test_available_actions_depend_on_role(rf, person, level):
    request = rf.get("/")
    client = client_of(person)
    request.user = User.objects.get(pk=client.session["_auth_user_id"])
    for model, model_admin in site._registry.items():
        allowed = {name for name, lowest in ACTIONS.get(model, {}).items() if level >= lowest}
        assert set(model_admin.get_actions(request)) == allowed, model


# Every list and every form, with hostile queries and ids


QUERIES = [
    "last_name__regex=((((", "id__in=((", "pk=1", "q=%00", "q=a%00b", "q=%ff%fe", "q=" + "x" * 201, "q=" + "x" * 3_000,
    "name=%00", "who=%00", "kind=%00", "field=password", "batch=%00", "actor=" + "9" * 400, "film=" + "9" * 400,
    "o=1.-0.x", "o=" + "9" * 400, "p=%00", "p=" + "9" * 5_000, "all=", "e=1", "after=%00", "before=" + "x" * 5_000,
    "after=1&before=1", "_to_field=password", "_popup=((", "_changelist_filters=%00",
]  # fmt: skip


@pytest.mark.parametrize("query", QUERIES)
def test_hostile_queries_cause_no_server_error_in_any_list(things, query):
    """The response is a page, a redirect or 400, never 500."""
    client = client_of("superuser")
    for model in site._registry:
        url = f"/admin/{model._meta.app_label}/{model._meta.model_name}/?{query}"
        allowed = (400,) if "__" in query or "pk=" in query else (200, 302, 400)
        assert client.get(url).status_code in allowed, url


@pytest.mark.parametrize("key", ["0", "-1", "9" * 400, "9" * 3_900, "٣", "x", "_00", "_31", "1_2F", "a%00b", "%00"])
def test_malformed_ids_cause_no_server_error_on_admin_pages(things, key):
    client = client_of("superuser")
    for model in site._registry:
        for page in ("change", "delete", "history"):
            url = f"/admin/{model._meta.app_label}/{model._meta.model_name}/{key}/{page}/"
            # Django's pages for users and groups accept digits of every script.
            allowed = (200,) if model._meta.app_label == "auth" and key == "٣" else ()
            for response in (client.get(url), client.post(url, {"post": "yes"})):
                assert response.status_code in (302, 400, 403, 404, 409, *allowed), url
