"""Dashboard on the admin's index page, and labels in the admin."""

import re

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from actors.models import Actor, Credit, Film
from tests.actors.admin.test_actors import administrator, editor, plain_staff
from tests.actors.admin.test_films import curators

pytestmark = pytest.mark.django_db


def test_dashboard_shows_recent_changes_and_missing_years(client, actor):
    Actor.objects.create(first_name="Cher", country="US")
    Actor.objects.create(first_name="Madonna", birth_year=1958)
    film = Film.objects.create(title="Yojimbo", year=1961)
    Credit.objects.create(film=film, actor=actor, character="Sanjuro")
    editor(client)
    page = client.get("/admin/").content.decode()
    changes, films = page.index("Recent changes</h2>"), page.index("Recent changes of films")
    attention = page[page.index("Needs attention") : changes]
    assert (
        "Cher" in attention
        and "Madonna" not in attention
        and "Mifune" not in attention
        and "?missing=birth_year" in attention
    )
    assert "Toshirō Mifune" in page[changes:films] and f"?actor={actor.pk}" in page[changes:films]
    assert f'?film={film.pk}">Yojimbo (1961)</a><br>Toshirō Mifune · Sanjuro<br>' in page[films:]


def test_deleted_actor_is_named_in_film_changes(client, actor):
    editor(client)
    film = Film.objects.create(title="Yojimbo")
    Credit.objects.create(film=film, actor=actor)
    pk = actor.pk
    actor.delete()
    assert f"<br>Toshirō Mifune (#{pk}, deleted)<br>" in client.get("/admin/").content.decode()


@pytest.mark.parametrize(("role", "offered"), [(editor, False), (curators, True)])
def test_possible_duplicates_link_needs_merge_permission(client, role, offered):
    role(client)
    assert ("/admin/actors/actor/duplicates/" in client.get("/admin/").content.decode()) is offered


def test_dashboard_without_permissions_shows_no_data(client, actor):
    Actor.objects.create(first_name="Cher")
    plain_staff(client)
    page = client.get("/admin/").content.decode()
    for text in ("Cher", "Mifune", "Needs attention", "Recent changes"):
        assert text not in page


def test_script_in_name_is_escaped(client):
    Actor.objects.create(first_name="<script>alert(1)</script>")
    editor(client)
    page = client.get("/admin/").content.decode()
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page


def test_index_page_reads_a_bounded_number_of_rows(client):
    client.force_login(User.objects.create_superuser("root"))
    Actor.objects.bulk_create(Actor(first_name=f"A{n}") for n in range(1_200))
    with CaptureQueriesContext(connection) as queries:
        client.get("/admin/")
    assert len(queries) < 10
    assert not [sql for sql in queries if "COUNT(" in sql["sql"].upper()]
    asked = [query["sql"] for query in queries if '"actor"."birth_year" IS NULL' in query["sql"]]
    assert len(asked) == 1 and "LIMIT 1000" in asked[0]


def test_app_name_and_access_attempts_are_translated_to_chinese(client):
    client.force_login(User.objects.create_superuser("root"))
    AccessAttempt.objects.create(username="eve", ip_address="203.0.113.1", failures_since_start=5)
    chinese = {"headers": {"Accept-Language": "zh-CN"}}
    front = client.get("/admin/", **chinese).content.decode()
    assert 'class="section"' in front and not re.search(r">\s*Actors\s*<", front)
    attempts = client.get("/admin/axes/accessattempt/", **chinese).content.decode()
    assert "用户名" in attempts and "Username" not in attempts


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["added (command), 20", "Actors and films</a>", ">Imports and merges</a>", ">Changes</a>"]),
        ("zh-hans", ["（命令）已添加", "演员与影片</a>", ">导入与合并</a>", ">更改记录</a>"]),
    ],
)
def test_index_page_has_labels_in_each_language(client, actor, language, words):
    administrator(client)
    page = " ".join(client.get("/admin/", headers={"accept-language": language}).content.decode().split())
    for word in words:
        assert word in page


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("/admin/actors/actor/", ["<summary>Living or deceased</summary>", ">Actors and films</a>"]),
        ("/admin/actors/change/", ["<summary>Source</summary>", ">Actors and films</a>"]),
    ],
)
def test_lists_have_filter_titles_and_breadcrumbs(client, actor, url, words):
    administrator(client)
    page = client.get(url).content.decode()
    for word in words:
        assert word in page


def test_credit_without_character_is_shown_without_separator(client, actor):
    administrator(client)
    Credit.objects.create(actor=actor, film=Film.objects.create(title="Inception", year=2010))
    page = client.get(f"/admin/actors/actor/{actor.pk}/delete/").content.decode()
    assert "Toshirō Mifune (Inception (2010))" in page
    Credit.objects.update(character="Miles")
    page = client.get(f"/admin/actors/actor/{actor.pk}/delete/").content.decode()
    assert "Toshirō Mifune: Miles (Inception (2010))" in page
