"""Cells, filters and labels of the admin's change lists."""

import re

import pytest
from django.contrib.admin.views.main import TO_FIELD_VAR
from django.db import connection, transaction
from django.utils.translation import override

from actors.models import Actor, Batch, Change, Film
from actors.text.countries import country_choices

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("root")]

ACTORS, FILMS, CHANGES = "/admin/actors/actor/", "/admin/actors/film/", "/admin/actors/change/"
FILM_CHANGES, BATCHES = "/admin/actors/filmchange/", "/admin/actors/batch/"
LISTS = [
    *(ACTORS, FILMS, CHANGES, FILM_CHANGES, BATCHES),
    *("/admin/auth/user/", "/admin/auth/group/", "/admin/axes/accessattempt/"),
]


@pytest.fixture
def odd_names():
    """Create an actor, a film, and users with changes, whose names contain HTML."""
    actor = Actor.objects.create(first_name="Tom & “B”", last_name="<b>'\"{}", native_name="梁朝偉", country="FR")
    Film.objects.create(title="<i>Film</i>", original_title="&", year=1999)
    Change.objects.update(who="R&D <a>")
    Batch.objects.create(kind="import", name="<file>", who="root")
    return actor


def row_cells(page):
    """Return {class: (attributes after it, content)} of the cells of a list's first row."""
    row = page.content.decode().partition("<tbody>")[2].partition("</tr>")[0]
    return {
        name: (attributes, text)
        for name, attributes, text in re.findall(r'class="([\w-]+)"([^>]*)>(.*?)</t[dh]>', row, re.S)
    }


def test_actor_row_with_html_in_names_is_escaped(client, odd_names):
    cells = row_cells(client.get(ACTORS))
    name = "&lt;b&gt;&#x27;&quot;{}, Tom &amp; “B”"
    assert cells["field-listed_name"][1] == f'<a href="{ACTORS}{odd_names.pk}/change/">{name}</a>'
    assert cells["field-native_name"][1] == "梁朝偉" and cells["field-shown_country"][1] == "France"
    assert cells["field-birth_year"][1] == "-"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", cells["field-changed"][1])
    box = cells["action-checkbox"][1]
    assert f'value="{odd_names.pk}"' in box and "Select this object for an action - " in box and "<b>" not in box


def test_actor_row_in_chinese_has_chinese_country(client, odd_names):
    assert row_cells(client.get(ACTORS, headers={"accept-language": "zh-hans"}))["field-shown_country"][1] == "法国"


def test_film_row_with_html_in_title_is_escaped(client, odd_names):
    assert "&lt;i&gt;Film&lt;/i&gt;" in row_cells(client.get(FILMS))["field-listed_title"][1]


def test_history_row_with_html_in_names_is_escaped(client, odd_names):
    cells = row_cells(client.get(CHANGES))
    name = "Tom &amp; “B” &lt;b&gt;&#x27;&quot;{}"
    assert cells["field-actor"][1] == f'<a href="{ACTORS}{odd_names.pk}/change/">{name}</a>'
    assert cells["field-person"][1] == '<a href="?who=R%26D+%3Ca%3E">R&amp;D &lt;a&gt;</a>'
    assert '<ins class="come">&lt;b&gt;&#x27;&quot;{}</ins>' in cells["field-what"][1]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", cells["field-when"][1])


def test_history_filter_with_html_in_name_is_escaped(client, odd_names):
    page = client.get(f"{CHANGES}?who=R%26D+%3Ca%3E").content.decode()
    assert re.search(r'<li class="selected">\s*<a href="\?who=R%26D\+%3Ca%3E">R&amp;D &lt;a&gt;</a></li>', page)


@pytest.mark.parametrize(
    ("language", "url", "labels"),
    [
        ("en", CHANGES, ["When", "Type", "Actor", "Difference", "User", "Source", "Actions"]),
        ("zh-hans", CHANGES, ["时间", "类型", "演员", "更改内容", "用户", "来源", "操作"]),
        ("en", FILM_CHANGES, ["When", "Type", "Film", "Difference", "User", "Source", "Actions"]),
        ("en", BATCHES, ["When", "Type", "File or actors", "User", "Changes", "Actions"]),
    ],
)
def test_history_cells_have_their_headings_as_labels(client, odd_names, language, url, labels):
    page = client.get(url, headers={"accept-language": language})
    cells = row_cells(page)
    assert [attributes for attributes, _text in cells.values()] == [f' data-label="{label}"' for label in labels]


@pytest.mark.parametrize("url", [ACTORS, FILMS, "/admin/auth/user/"])
def test_other_lists_have_no_cell_labels(client, odd_names, url):
    assert row_cells(client.get(url)) and "data-label" not in client.get(url).content.decode()


# The parameter _to_field names the field whose value a popup returns to the form that opened it.


def filter_links(page):
    """Return {title of the filter: the query strings of its choices} of a list."""
    changelist = page.context["cl"]
    return {
        spec.parameter_name: [choice["query_string"] for choice in spec.choices(changelist)]
        for spec in changelist.filter_specs
        if hasattr(spec, "parameter_name")
    }


@pytest.mark.parametrize("url", LISTS)
def test_filter_links_keep_the_to_field_parameter(client, odd_names, url):
    plain = filter_links(client.get(url))
    page = client.get(f"{url}?{TO_FIELD_VAR}=id")
    for name, links in filter_links(page).items():
        for link, plain_link in zip(links, plain[name], strict=True):
            parameters = dict(part.split("=") for part in plain_link.removeprefix("?").split("&") if part)
            joined = "&".join(f"{key}={value}" for key, value in sorted({TO_FIELD_VAR: "id", **parameters}.items()))
            assert link == f"?{joined}"
            assert client.get(f"{url}{link}").status_code == 200


@pytest.mark.parametrize("url", LISTS)
@pytest.mark.parametrize("field", ["biography", "who", "password", "none", "id__in", "\x00"])
def test_list_with_unreferenced_to_field_returns_400(client, url, field):
    assert client.get(url, {TO_FIELD_VAR: field}).status_code == 400


def test_history_field_filter_works_with_to_field(client, actor):
    actor.birth_year = 1921
    actor.save()
    page = client.get(f"{CHANGES}?{TO_FIELD_VAR}=id&_popup=1")
    link = next(link for link in filter_links(page)["field"] if "birth_year" in link)
    assert [change.kind for change in client.get(f"{CHANGES}{link}").context["cl"].result_list] == ["~"]


# Countries


def offered_countries(page):
    return [code for code, _name in page.context["cl"].filter_specs[-1].lookup_choices[:-1]]


@pytest.mark.django_db(transaction=True)
def test_country_filter_is_current_after_every_write(client):
    assert offered_countries(client.get(ACTORS)) == []
    actor = Actor.objects.create(last_name="B", country="JP")
    assert offered_countries(client.get(ACTORS)) == ["JP"]
    Actor.objects.bulk_create([Actor(last_name="C", country="FR")])
    assert offered_countries(client.get(ACTORS)) == ["FR", "JP"]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE actor SET country = 'US' WHERE country = 'FR'")
    assert offered_countries(client.get(ACTORS)) == ["JP", "US"]
    with transaction.atomic():
        actor.delete()
        assert offered_countries(client.get(ACTORS)) == ["US"]
        transaction.set_rollback(True)
    assert offered_countries(client.get(ACTORS)) == ["JP", "US"]


@pytest.mark.django_db(transaction=True)
def test_country_filter_is_cached_until_data_changes(client, monkeypatch):
    Actor.objects.create(last_name="B", country="JP")
    client.get(ACTORS)
    monkeypatch.setattr(type(Actor.objects), "countries", lambda actors: pytest.fail("asked again"))
    assert offered_countries(client.get(ACTORS)) == ["JP"]


def test_country_names_are_in_the_active_language():
    named = {}
    for language in ("en", "zh-hans", "en"):
        with override(language):
            named[language] = dict(country_choices())["FR"]
    assert named == {"en": "France", "zh-hans": "法国"}
