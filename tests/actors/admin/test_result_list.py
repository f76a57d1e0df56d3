"""What is made faster than the stock admin makes it is what the stock admin makes."""

import re

import pytest
from django import forms
from django.contrib import admin
from django.contrib.admin.templatetags import admin_list
from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from django.db import connection, transaction
from django.template.loader import render_to_string
from django.test import Client
from django.test.html import parse_html
from django.utils.safestring import mark_safe
from django.utils.translation import override

from actors.admin.actors import ActorAdmin
from actors.admin.widgets import ActionForm, PlainSelect
from actors.models import Actor, Change, Film
from actors.templatetags import admin_rows
from actors.text.countries import country_choices

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("root")]

ACTORS, FILMS, CHANGES = "/admin/actors/actor/", "/admin/actors/film/", "/admin/actors/change/"
LISTS = [
    ACTORS, f"{ACTORS}?q=b&living=yes&missing=biography", f"{ACTORS}?_popup=1&_to_field=id",
    f"{ACTORS}?country=FR&o=-1", FILMS, f"{FILMS}?_popup=1", CHANGES, f"{CHANGES}?who=root&kind=%2B",
    f"{CHANGES}?who=R%26D+%3Ca%3E", "/admin/actors/filmchange/", "/admin/actors/batch/",
]  # fmt: skip


@pytest.fixture
def odd():
    """Names that must be escaped, parts that are missing, and a list of more than a page."""
    Actor.objects.create(first_name="Tom & “B”", last_name="<b>'\"{}", native_name="梁朝偉", birth_year=1, country="FR")
    Actor.objects.create(last_name="B", death_year=2000, country="AQ", biography="B")
    Actor.objects.bulk_create(Actor(first_name=f"{n:03}", last_name="B", birth_year=1900 + n) for n in range(60))
    Film.objects.create(title="<i>PLACE-OF-THE-ID</i>", original_title="&", year=1999)
    Film.objects.create(title="None")
    Change.objects.filter(kind="+").update(who="root")
    Change.objects.filter(pk=Change.objects.first().pk).update(who="R&D <a>")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("address", LISTS)
def test_the_rows_of_a_list_are_the_stock_ones(client, odd, address, language):
    changes = client.get(address, headers={"accept-language": language}).context["cl"]
    with override(language):
        made = admin_rows.result_list(changes)
        stock = admin_list.result_list(changes)
    assert [without_labels(row) for row in rows_of(made)] == ["".join(row) for row in stock["results"]]
    assert len(rows_of(made)) == len(changes.result_list)
    assert made["num_sorted_fields"] == stock["num_sorted_fields"]
    assert made["result_headers"] == stock["result_headers"]


def rows_of(made):
    return "".join(made["results"][0]).split(admin_rows.BETWEEN_ROWS) if made["results"] else []


def without_labels(content):
    return re.sub(r'(<t[dh] class="[\w-]+") data-label="[^"]*"', r"\1", content)


@pytest.mark.parametrize(
    ("language", "labels"),
    [
        ("en", ["When", "Kind", "Actor", "What", "Who", "From"]),
        ("zh-hans", ["时间", "类型", "演员", "内容", "操作人", "来源"]),
    ],
)
def test_a_cell_of_a_history_has_its_heading(client, odd, language, labels):
    changes = client.get(CHANGES, headers={"accept-language": language}).context["cl"]
    with override(language):
        row = rows_of(admin_rows.result_list(changes))[0]
    assert re.findall(r'<td class="[\w-]+" data-label="([^"]*)">', row)[:6] == labels
    assert "data-label" not in client.get(ACTORS).content.decode()


@pytest.mark.parametrize("address", LISTS)
def test_they_are_what_the_page_shows(client, odd, address):
    page = client.get(address)
    stock = admin_list.result_list(page.context["cl"])
    assert bool(stock["results"]) == (address != LISTS[-1])
    assert render_to_string("admin/change_list_results.html", stock) in without_labels(page.content.decode())


def test_a_column_of_another_kind_is_left_to_the_stock_tag(client, odd, monkeypatch):
    changes = client.get(ACTORS).context["cl"]
    changes.list_display = [*changes.list_display, "last_update", "__str__"]
    assert [list(row) for row in admin_rows.result_list(changes)["results"]] == [
        list(row) for row in admin_list.result_list(changes)["results"]
    ]


def test_a_column_looks_up_once_what_its_cells_share(client, odd, monkeypatch):
    asked = []

    def make(model_admin):
        asked.append(model_admin)
        return lambda actor: f"<{actor.pk}>"

    changes = client.get(ACTORS).context["cl"]
    monkeypatch.setattr(ActorAdmin.changed, "make_column", make)
    rows = rows_of(admin_rows.result_list(changes))
    assert asked == [changes.model_admin]
    for actor, row in zip(changes.result_list, rows, strict=True):
        assert row.endswith(f'<td class="field-changed">&lt;{actor.pk}&gt;</td>')


def test_a_row_renders_no_template(client, odd):
    client.get(ACTORS)  # the side bar is kept
    one, many = (client.get(address) for address in (f"{ACTORS}?country=AQ", ACTORS))
    assert len(one.context["cl"].result_list) == 1 and len(many.context["cl"].result_list) == 50
    rendered = [[template.name for template in page.templates] for page in (one, many)]
    assert rendered[0] == rendered[1]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_box_of_a_row_is_the_stock_one(client, odd, language):
    changes = client.get(ACTORS).context["cl"]
    with override(language):
        for row in changes.result_list:
            box = changes.model_admin.action_checkbox(row)
            assert box == admin.ModelAdmin.action_checkbox(changes.model_admin, row)


@pytest.mark.parametrize("address", LISTS[:-1])
def test_the_choices_of_a_filter_are_the_stock_ones(client, odd, address):
    changes = client.get(address).context["cl"]
    for spec in changes.filter_specs:
        assert list(spec.choices(changes)) == list(admin.SimpleListFilter.choices(spec, changes))


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("address", LISTS[:-1])
def test_a_filter_is_shown_as_the_stock_one(client, odd, address, language):
    page = client.get(address, headers={"accept-language": language})
    content = page.content.decode()
    for spec in page.context["cl"].filter_specs:
        with override(language):
            context = {"title": spec.title, "choices": list(spec.choices(page.context["cl"])), "spec": spec}
            assert render_to_string("admin/filter.html", context) in content


def test_a_choice_is_escaped():
    choice = {"selected": True, "query_string": "?who=%26&a=%22", "display": "<b>\"&'"}
    context = {"title": "<a>", "choices": [choice, {**choice, "selected": False, "display": mark_safe("<i>")}]}
    assert render_to_string("admin/actors/filter.html", context) == render_to_string("admin/filter.html", context)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("value", ["", "FR", None, "<x>"])
def test_a_select_box_is_the_stock_one(language, value):
    choices = [("", "---------"), ("<x>", 'A <b>"'), (1, "One"), *country_choices()]
    with override(language):
        ours, stock = (
            kind(attrs={"class": "x", "required": True}, choices=choices).render("country", value, {"id": "id_country"})
            for kind in (PlainSelect, forms.Select)
        )
        assert parse_html(ours) == parse_html(stock)
        form, stock = ActionForm(auto_id=None), admin.helpers.ActionForm(auto_id=None)
        for one in (form, stock):
            one.fields["action"].choices = choices
        assert parse_html(str(form["action"])) == parse_html(str(stock["action"]))
        assert form["action"].label == stock["action"].label


def test_the_choice_of_a_country_follows_the_language():
    named = {}
    for language in ("en", "zh-hans", "en"):
        with override(language):
            named[language] = dict(country_choices())["FR"]
    assert named == {"en": "France", "zh-hans": "法国"}


def bar(page):
    content = page.content.decode()
    start = content.index('<nav class="sticky"')
    return content[start : content.index("</nav>", start)]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_side_bar_is_the_stock_one_for_everybody(client, language):
    User.objects.create_user("reader", is_staff=True)
    other = Client()
    other.force_login(User.objects.get(username="reader"))
    visits = [(client, ACTORS), (other, "/admin/password_change/"), (client, FILMS), (client, "/admin/auth/user/add/")]
    seen = set()
    for _again in range(2):
        for one, address in visits:
            page = one.get(address, headers={"accept-language": language})
            context = {"available_apps": page.context["available_apps"], "request": page.wsgi_request}
            with override(language):
                assert bar(page) in render_to_string("admin/nav_sidebar.html", context)
            seen.add(bar(page))
    assert len(seen) == 4


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_list_of_applications_is_the_stock_one_for_everybody(client, root, rf, language):
    reader = User.objects.create_user("reader", is_staff=True)
    editor = User.objects.create_user("editor", is_staff=True)
    editor.groups.add(Group.objects.get(name="Editors"))
    gone = User.objects.create_superuser("gone", is_active=False)
    seen = set()
    with override(language):
        for _again in range(2):
            for user in (root, reader, editor, gone, AnonymousUser()):
                request = rf.get("/admin/")
                request.user = user
                for label in (None, "actors"):
                    made = admin.site.get_app_list(request, label)
                    stock = admin.AdminSite.get_app_list(admin.site, request, label)
                    assert made == stock
                    seen.add(str(made))
                    made.clear()
    assert len(seen) == 1 + 2 * 2 - 1  # of editors all are of one application; three see nothing


def test_it_follows_a_permission_at_once(client, root):
    reader = User.objects.create_user("reader", is_staff=True)
    client.force_login(reader)
    assert client.get("/admin/").context["available_apps"] == []
    reader.user_permissions.add(Permission.objects.get(codename="view_film"))
    (app,) = client.get("/admin/").context["available_apps"]
    assert [model["object_name"] for model in app["models"]] == ["Film"]
    assert app["models"][0]["add_url"] is None
    reader.user_permissions.add(Permission.objects.get(codename="add_film"))
    assert client.get("/admin/").context["available_apps"][0]["models"][0]["add_url"]
    reader.user_permissions.clear()
    assert client.get("/admin/").context["available_apps"] == []


def offered(page):
    """The codes of the countries that the list's filter offers."""
    return [code for code, _name in page.context["cl"].filter_specs[-1].lookup_choices[:-1]]


@pytest.mark.django_db(transaction=True)
def test_the_countries_are_those_of_now_whatever_wrote(client):
    assert offered(client.get(ACTORS)) == []
    actor = Actor.objects.create(last_name="B", country="JP")
    assert offered(client.get(ACTORS)) == ["JP"]
    Actor.objects.bulk_create([Actor(last_name="C", country="FR")])
    assert offered(client.get(ACTORS)) == ["FR", "JP"]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE actor SET country = 'US' WHERE country = 'FR'")
    assert offered(client.get(ACTORS)) == ["JP", "US"]
    with transaction.atomic():
        actor.delete()
        assert offered(client.get(ACTORS)) == ["US"]
        transaction.set_rollback(True)
    assert offered(client.get(ACTORS)) == ["JP", "US"]


@pytest.mark.django_db(transaction=True)
def test_they_are_looked_for_once_while_nothing_is_written(client, monkeypatch):
    Actor.objects.create(last_name="B", country="JP")
    client.get(ACTORS)
    monkeypatch.setattr(type(Actor.objects), "countries", lambda actors: pytest.fail("asked again"))
    assert offered(client.get(ACTORS)) == ["JP"]
