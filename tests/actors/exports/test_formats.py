"""Exports in every format. An export can be imported again, and changes nothing."""

import csv
import io
import json

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, example, given, settings, strategies
from openpyxl import load_workbook

from actors import imports
from actors.admin import exports
from actors.exports import records as data
from actors.exports.formats import FORMATS
from actors.imports.parsers import open_source
from actors.models import Actor, Film
from tests.clients import client_of

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]

LIST = "/admin/actors/actor/"


def exported(kind, actors=None):
    return b"".join(FORMATS[kind].parts(Actor.objects.order_by("id") if actors is None else actors, data.ACTOR_FIELDS))


def examined(content):
    with transaction.atomic():
        staging = imports.examine(open_source(io.BytesIO(content)))
        return staging.wrong, staging.added, staging.changed, staging.same, list(staging.errors(3))


ODD = [
    "=1+1",
    "+1",
    "-",
    "@x",
    "'=x",
    "''",
    "\ufffe",
    "_x0041_",
    "a\tb",
    '"',
    "a,b;c|d",
    "007",
    "1e5",
    "true",
    "null",
    "\\.",
]
texts = strategies.one_of(
    strategies.sampled_from(ODD),
    # Any text that PostgreSQL can store: adopted rows may have characters that the model's fields refuse.
    strategies.text(strategies.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20),
)


@pytest.mark.parametrize("kind", FORMATS)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rows=strategies.lists(strategies.tuples(texts, texts, texts), min_size=1, max_size=3))
@example(rows=[("=1+1", "-x", "@\n=\n"), ("'=1+1", "_x000D_", "\\.\n\\.")])
@pytest.mark.slow
def test_import_of_an_export_changes_nothing(db, kind, rows):
    with transaction.atomic():
        count = 0
        for first, last, biography in rows:
            actor = Actor(first_name=first, last_name=last, biography=biography, birth_year=1900)
            try:
                actor.full_clean()
            except ValidationError:
                continue
            actor.save()
            count += 1
        if count:
            assert examined(exported(kind)) == (0, 0, 0, count, [])
        transaction.set_rollback(True)


@pytest.mark.parametrize("kind", ["csv", "tsv"])
def test_spreadsheet_export_escapes_formulas(kind):
    """Text that begins with a formula character gets an apostrophe. Numbers stay unchanged."""
    for beginning in "=+-@":
        Actor.objects.create(first_name=f"{beginning}1+1", birth_year=1900)
    rows = list(
        csv.DictReader(io.StringIO(exported(kind).decode("utf-8-sig")), delimiter="\t" if kind == "tsv" else ",")
    )
    assert [(row["first_name"], row["birth_year"]) for row in rows] == [
        (f"'{beginning}1+1", "1900") for beginning in "=+-@"
    ]


def test_workbook_stores_formulas_as_text():
    Actor.objects.create(first_name="=1+1", last_name="007", birth_year=1900)
    row = list(load_workbook(io.BytesIO(exported("xlsx"))).active.rows)[1]
    assert [(cell.value, cell.data_type) for cell in row[1:3]] == [("=1+1", "s"), ("007", "s")]
    assert row[4].value == 1900


def test_json_export_uses_the_field_names_of_the_api(actor):
    assert json.loads(exported("json"))[0]["native_name"] == "三船敏郎"
    assert json.loads(exported("json", Actor.objects.none())) == []


# In the admin


@pytest.mark.parametrize("kind", FORMATS)
def test_filtered_list_and_selected_rows_are_exported(actor, kind):
    alice = client_of("Editors")
    other = Actor.objects.create(first_name="Cher")
    Actor.objects.create(first_name="Madonna")
    of_the_list = alice.get(f"{LIST}export/{kind}/?living=yes&q=che&o=1")
    selected = alice.post(LIST, {"action": f"export_{kind}", "_selected_action": [other.pk]})
    for response in (of_the_list, selected):
        assert response.status_code == 200
        assert response["Content-Type"] == FORMATS[kind].content_type
        assert response["Content-Disposition"] == f'attachment; filename="actors.{kind}"'
        assert examined(b"".join(response.streaming_content)) == (0, 0, 0, 1, [])
    assert f"export/{kind}/?living=yes" in alice.get(f"{LIST}?living=yes").content.decode()


@pytest.mark.parametrize(
    ("role", "status"), {None: 302, "Editors": 200, "Curators": 200, "Administrators": 200}.items()
)
def test_export_access_depends_on_role(actor, role, status):
    client = client_of(role)
    assert client.get(f"{LIST}export/csv/").status_code == status
    assert client.post(LIST, {"action": "export_csv", "_selected_action": [actor.pk]}).status_code == status


def test_invalid_export_urls_are_refused(actor):
    alice = client_of("Editors")
    assert alice.get(f"{LIST}export/docx/").status_code == 404
    assert alice.post(f"{LIST}export/csv/").status_code == 405
    assert alice.get(f"{LIST}export/csv/?last_name__regex=((((").status_code == 400
    for query in ("%00", "x" * 201):
        assert alice.get(f"{LIST}export/csv/?q={query}").status_code == 400


def test_workbook_of_too_many_rows_is_refused(actor, monkeypatch):
    monkeypatch.setattr(exports, "MAX_WORKBOOK_ROWS", 1)
    alice = client_of("Editors")
    assert alice.get(f"{LIST}export/xlsx/").status_code == 200
    Actor.objects.create(first_name="Cher")
    refused = alice.get(f"{LIST}export/xlsx/", follow=True)
    assert "There are too many rows for a workbook" in refused.content.decode()
    assert alice.get(f"{LIST}export/csv/").status_code == 200
    Actor.objects.filter(pk=actor.pk).update(biography="x" * 20_000)
    refused = alice.get(f"{LIST}export/xlsx/?q=mifune", follow=True)
    assert "A biography is too long for a workbook cell." in refused.content.decode()


# Films


FILMS = "/admin/actors/film/"
FILM_FIELDS = ["id", "title", "original_title", "year"]


def rows_of(kind, content):
    """Return the rows of a file, the header included, as lists of texts and numbers."""
    if kind in ("csv", "tsv"):
        rows = csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter="\t" if kind == "tsv" else ",")
        return [[int(cell) if cell.isdigit() else cell for cell in row] for row in rows]
    if kind == "xlsx":
        sheet = load_workbook(io.BytesIO(content)).active
        return [[cell.value or "" for cell in row] for row in sheet.rows]
    records = json.loads(content) if kind == "json" else [json.loads(line) for line in content.splitlines()]
    assert all(list(record) == FILM_FIELDS for record in records)
    return [FILM_FIELDS, *([value or "" for value in record.values()] for record in records)]


@pytest.mark.parametrize("kind", FORMATS)
def test_films_are_exported_like_actors(kind):
    """Export search results and selected rows. Text that looks like a formula must not become one."""
    alice = client_of("Editors")
    film = Film.objects.create(title="=1+1", original_title="七人の侍", year=1954)
    Film.objects.create(title="Rashomon")
    of_the_list = alice.get(f"{FILMS}export/{kind}/?q=%E4%B8%83%E4%BA%BA")
    selected = alice.post(FILMS, {"action": f"export_{kind}", "_selected_action": [film.pk]})
    title = "'=1+1" if kind in ("csv", "tsv") else "=1+1"
    for response in (of_the_list, selected):
        assert response.status_code == 200
        assert response["Content-Type"] == FORMATS[kind].content_type
        assert response["Content-Disposition"] == f'attachment; filename="films.{kind}"'
        content = b"".join(response.streaming_content)
        assert rows_of(kind, content) == [FILM_FIELDS, [film.pk, title, "七人の侍", 1954]]
    assert f"export/{kind}/?q=rasho" in alice.get(f"{FILMS}?q=rasho").content.decode()
    whole = b"".join(alice.get(f"{FILMS}export/{kind}/").streaming_content)
    assert len(rows_of(kind, whole)) == 3


def test_workbook_of_films_stores_formulas_as_text():
    alice = client_of("Editors")
    Film.objects.create(title="=1+1", original_title="007", year=1962)
    content = b"".join(alice.get(f"{FILMS}export/xlsx/").streaming_content)
    sheet = load_workbook(io.BytesIO(content)).active
    assert sheet.title == "films"
    assert [(cell.value, cell.data_type) for cell in list(sheet.rows)[1][1:]] == [
        ("=1+1", "s"), ("007", "s"), (1962, "n"),
    ]  # fmt: skip


def test_workbook_of_too_many_films_redirects_to_the_list(monkeypatch):
    monkeypatch.setattr(exports, "MAX_WORKBOOK_ROWS", 1)
    alice = client_of("Editors")
    Film.objects.bulk_create(Film(title=title) for title in ("Rashomon", "Ran"))
    refused = alice.get(f"{FILMS}export/xlsx/", follow=True)
    assert refused.redirect_chain == [(FILMS, 302)]
    assert "There are too many rows for a workbook" in refused.content.decode()


def test_invalid_export_urls_of_films_are_refused():
    alice = client_of("Editors")
    assert alice.get(f"{FILMS}export/docx/").status_code == 404
    assert alice.post(f"{FILMS}export/csv/").status_code == 405
    for query in ("title__regex=((((", "q=%00", "q=" + "x" * 201):
        assert alice.get(f"{FILMS}export/csv/?{query}").status_code == 400


@pytest.mark.parametrize("kind", FORMATS)
def test_export_of_films_has_no_query_for_each_row(kind):
    Film.objects.bulk_create(Film(title=f"Part {n}") for n in range(300))
    with CaptureQueriesContext(connection) as queries:
        b"".join(FORMATS[kind].parts(Film.objects.order_by("id"), data.FILM_FIELDS))
    # The queries are: savepoint, timeouts, EXPLAIN for the number of rows, connection check, rows, and release.
    assert len(queries) <= 6
