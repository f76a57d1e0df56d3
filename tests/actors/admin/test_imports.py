"""Imports in the admin, and permissions to import."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from actors.models import Actor, Batch, Upload
from tests.actors.imports.test_imports import workbook
from tests.clients import client_of

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]

LIST = "/admin/actors/batch/"
ADD = f"{LIST}add/"


@pytest.fixture
def carol():
    return client_of("Curators", "carol")


def send(client, content, name="file.csv"):
    """Upload a file; return the URL of its preview."""
    content = content.encode() if isinstance(content, str) else content
    response = client.post(ADD, {"file": SimpleUploadedFile(name, content)})
    assert response.status_code == 302, response.content.decode()
    return response["Location"]


def text(response):
    return " ".join(response.content.decode().split())


def test_uploaded_file_can_be_previewed_imported_and_undone(carol, actor):
    page = send(
        carol, f"id,version,first_name,birth_year\n{actor.pk},1,Toshirō,1921\n,,Cher,1946\n,,Ada,1900\n", "new.csv"
    )
    page_text = text(carol.get(page))
    assert "2 to add, 1 to change, 0 unchanged." in page_text
    assert '<del class="gone">1920</del> <ins class="come">1921</ins>' in page_text
    assert "Line 3: <div><b>First name:</b> Cher</div>" in page_text.replace(":<div>", ": <div>")
    assert Actor.objects.get().birth_year == 1920
    done = carol.post(page, {"_import": "Import"}, follow=True)
    assert "Imported: 2 added, 1 changed." in text(done)
    assert "new.csv" in text(done) and "2 added, 1 changed, 0 deleted" in text(done)
    assert not Upload.objects.exists()
    batch = Batch.objects.get()
    assert batch.who == "carol"
    assert carol.get(f"{LIST}{batch.pk}/change/")["Location"] == f"/admin/actors/change/?batch={batch.pk}"
    assert text(carol.get(f"/admin/actors/change/?batch={batch.pk}")).count("1946") == 1
    undone = carol.post(f"{LIST}{batch.pk}/undo/", follow=True)
    assert "Undone: 2 added actors removed, 1 changed actor reverted." in text(undone)
    assert "undone by carol" in text(undone)
    assert Actor.objects.get().birth_year == 1920
    assert "This was already undone." in text(carol.post(f"{LIST}{batch.pk}/undo/", follow=True))


def test_file_with_errors_cannot_be_imported(carol):
    page = send(carol, "first_name,birth_year\n" + "<b>A</b>,1\n" * 1_002)
    page_text = text(carol.get(page))
    assert "1002 errors in 1002 rows" in page_text and "and 2 more" in page_text
    assert page_text.count("Enter a year from") == 1_000
    assert 'name="_import"' not in page_text
    response = carol.post(page, {"_import": "Import"})
    assert response.status_code == 409 and not Actor.objects.exists()
    listed = carol.get(f"{page}mistakes.csv")
    assert listed["Content-Type"] == "text/csv; charset=utf-8"
    assert listed.content.decode("utf-8-sig").count("Enter a year from") == 1_002


def test_errors_show_the_headings_of_the_file(carol):
    page = send(carol, "First name,Year of birth,去世年份\nLate,1950,1940\nEarly,x,\nFine,1950,\n")
    for language in ("en", "zh-hans"):
        page_text = text(carol.get(page, headers={"accept-language": language}))
        assert ">Year of birth</td>" in page_text and ">去世年份</td>" in page_text
    added = text(carol.get(page)).partition("Actors to add")[2]
    assert "Fine" in added and "Late" not in added and "Early" not in added
    assert "Year of birth,x," in carol.get(f"{page}mistakes.csv").content.decode("utf-8-sig")


def test_possible_duplicates_are_shown_and_can_be_imported(carol, actor):
    page = send(
        carol,
        "first_name,last_name,birth_year,death_year\n"
        "toshiro,MIFUNE,1920,\nToshiro,Mifune,1962,\nFay,Wray,,\nFay,Wray,1907,\nFay,Wray,1907,2004\nJean,Gabin,,\n",
    )
    page_text = text(carol.get(page))
    assert "4 new rows have the same name as an existing actor" in page_text
    assert f'Line 2: <a href="/admin/actors/actor/{actor.pk}/change/">toshiro MIFUNE</a></li>' in page_text
    for line, other in ((4, 6), (5, 4), (6, 4)):
        assert f"Line {line}: Fay Wray (same as line {other})</li>" in page_text
    carol.post(page, {"_import": "Import"})
    assert Actor.objects.count() == 7
    assert "6 new rows" in text(carol.get(send(carol, "last_name\n" + "Cher\n" * 6)))


def test_error_report_escapes_formulas(carol):
    """A formula in a cell of the file must not run when the error report is opened in a spreadsheet."""
    page = send(carol, "first_name,birth_year,country\nA,=cmd|calc,@x\nB,+1,\n")
    listed = csv.reader(io.StringIO(carol.get(f"{page}mistakes.csv").content.decode("utf-8-sig")))
    assert [row[:3] for row in listed] == [
        ["line", "column", "value"],
        ["2", "birth_year", "'=cmd|calc"],
        ["2", "country", "'@x"],
        ["3", "birth_year", "'+1"],
    ]


def test_actor_changed_after_preview_prevents_the_import(carol, actor):
    page = send(carol, f"id,version,first_name\n{actor.pk},1,T\n")
    carol.get(page)
    Actor.objects.filter(pk=actor.pk).update(country="FR")
    response = carol.post(page, {"_import": "Import"})
    assert response.status_code == 409
    assert "The actor was changed after this row was exported. The current version is 2." in text(response)


def test_user_can_choose_columns_and_encoding(carol):
    page = send(carol, "Surname;Größe\nJosé;180\n".encode("cp1252"))
    assert "cannot be decoded as UTF-8" in text(carol.get(page))
    carol.post(page, {"_read": "1", "encoding": "cp1252"})
    page_text = text(carol.get(page))
    assert "Unknown columns: Surname, Größe." in page_text and "</span>" not in page_text.split("Größe")[1][:5]
    response = carol.post(
        page, {"_read": "1", "encoding": "cp1252", "heading": ["Surname", "Größe"], "field": ["last_name", ""]}
    )
    assert response.status_code == 302
    assert "1 to add" in text(carol.get(page))
    carol.post(page, {"_import": "1"})
    assert str(Actor.objects.get()) == "José"


def test_user_can_choose_the_encoding_of_json(carol):
    page = send(carol, '[{"first_name": "José"}]'.encode("cp1252"), "file.json")
    assert "cannot be decoded as UTF-8" in text(carol.get(page))
    carol.post(page, {"_read": "1", "encoding": "cp1252"})
    page_text = text(carol.get(page))
    assert "Type: JSON, CP1252" in page_text and '<option value="cp1252" selected>' in page_text
    carol.post(page, {"_import": "1"})
    assert str(Actor.objects.get()) == "José"


def test_import_without_remaining_changes_shows_the_preview_again(carol, actor):
    """If another editor makes the same change after the preview, the file must not be discarded silently."""
    page = send(carol, f"id,version,first_name\n{actor.pk},1,Toshiro\n")
    assert 'name="_import"' in text(carol.get(page))
    Actor.objects.filter(pk=actor.pk).update(first_name="Toshiro")
    response = carol.post(page, {"_import": "Import"})
    assert response.status_code == 409 and "0 to add, 0 to change, 1 unchanged." in text(response)
    assert Upload.objects.exists() and not Batch.objects.exists()


@pytest.mark.parametrize(
    "data",
    [
        {"encoding": "hex"},
        {"heading": ["A"], "field": []},
        {"heading": ["first_name"], "field": ["password"]},
        {"heading": ["first_name", "last_name"], "field": ["first_name", ""]},
        {"heading": ["\0"], "field": [""]},
    ],
)
def test_invalid_columns_or_encoding_return_400(carol, data):
    page = send(carol, "first_name\nA\n")
    assert carol.post(page, {"_read": "1", **data}).status_code == 400


def test_workbook_is_read_but_empty_or_binary_file_is_refused(carol):
    content = workbook(["First name", "Year of birth"], ["Cher", 1946])
    assert "1 to add" in text(carol.get(send(carol, content, "a.xlsx")))
    assert "The file is empty." in text(carol.get(send(carol, b"")))
    assert "invisible character" in text(carol.get(send(carol, b"\0\1\2\3", "picture.png")))


# In the notation of JSON and XLSX: a lone surrogate, which cannot be encoded, and NUL, which PostgreSQL refuses.
UNSEEN = [("D800", "\\ud800"), ("0000", "\\u0000")]


@pytest.mark.parametrize(("code", "escaped"), UNSEEN)
@pytest.mark.parametrize("kind", ["JSON", "NDJSON", "XLSX"])
def test_unprintable_heading_causes_one_error(carol, kind, code, escaped):
    line = f'{{"first_name": "A", "{escaped}": "x"}}'
    content = {
        "JSON": f"[{line}]",
        "NDJSON": f"{line}\n{line}\n",
        "XLSX": workbook(["first_name", f"_x{code}_"], ["A", "x"]),
    }
    page = send(carol, content[kind])
    message = f"The heading of column 2, “\ufffd”, contains the invisible character U+{code}, which is not allowed."
    assert message in text(carol.get(page))
    assert message in carol.get(f"{page}mistakes.csv").content.decode()
    assert carol.post(page, {"_import": "1"}).status_code == 409
    assert carol.post(page, {"_read": "1", "encoding": "utf-8"}).status_code == 302
    assert carol.post(page, {"_read": "1", "heading": ["first_name"], "field": [""]}).status_code == 400


@pytest.mark.parametrize(("code", "escaped"), UNSEEN)
@pytest.mark.parametrize("kind", ["JSON", "NDJSON", "XLSX"])
def test_unprintable_value_causes_an_error(carol, kind, code, escaped):
    names = ["first_name", "country", "birth_year", "id", "also_known_as"]
    line = "{" + ", ".join(f'"{name}": "{escaped}"' for name in names) + "}"
    content = {
        "JSON": f"[{line}]",
        "NDJSON": f"{line}\n{line}\n",
        "XLSX": workbook(names, [f"_x{code}_"] * len(names)),
    }
    page = send(carol, content[kind])
    message = f"first name contains the invisible character U+{code}"
    assert message in text(carol.get(page))
    assert message in carol.get(f"{page}mistakes.csv").content.decode()


def test_two_line_heading_can_be_ignored(carol):
    page = send(carol, 'first_name,"Shoe\r\nsize"\nCher,38\n')
    assert 'name="heading" value="Shoe size"' in text(carol.get(page))
    carol.post(page, {"_read": "1", "heading": ["first_name", "Shoe size"], "field": ["first_name", ""]})
    assert "1 to add" in text(carol.get(page))


def test_file_without_changes_has_no_import_button(carol, actor):
    page_text = text(carol.get(send(carol, f"id,first_name\n{actor.pk},Toshirō\n")))
    assert "0 to add, 0 to change, 1 unchanged." in page_text and 'name="_import"' not in page_text


def test_file_can_be_discarded(carol):
    page = send(carol, "first_name\nA\n")
    carol.post(page, {"_drop": "1"})
    assert not Upload.objects.exists() and not Batch.objects.exists()


@pytest.mark.parametrize("first", ["_import", "_drop"])
def test_request_for_imported_or_discarded_file_shows_a_message(carol, first):
    """Such a request is a second click, a reload, or a retry after the first response was lost."""
    page = send(carol, "first_name\nA\n")
    carol.post(page, {first: "1"}, follow=True)
    message = "it was imported, discarded or expired"
    for data in ({"_import": "1"}, {"_drop": "1"}, {"_read": "1", "encoding": ""}):
        response = carol.post(page, data, follow=True)
        assert response.redirect_chain == [(LIST, 302)] and message in text(response)
    for url in (page, f"{page}mistakes.csv"):
        response = carol.get(url, follow=True)
        assert response.redirect_chain == [(LIST, 302)] and message in text(response)
    assert Actor.objects.count() == Batch.objects.count() == (first == "_import")


@pytest.mark.slow
def test_too_large_file_is_refused(carol):
    large = SimpleUploadedFile("large.csv", b"x" * (10 << 20) + b"x")
    assert "The file is larger than 10 MB." in text(carol.post(ADD, {"file": large}))
    assert "This field is required." in text(carol.post(ADD))
    page = send(carol, "first_name\n" + "A\n" * 100_001)
    assert "more than 100000 rows" in text(carol.get(page))


def test_undo_after_later_changes_returns_409(carol, actor):
    carol.post(send(carol, f"id,version,first_name\n{actor.pk},1,T\n"), {"_import": "1"})
    Actor.objects.filter(pk=actor.pk).update(country="FR")
    response = carol.post(f"{LIST}{Batch.objects.get().pk}/undo/")
    assert response.status_code == 409
    assert "Nothing was undone" in text(response) and "T Mifune" in text(response)


# Permissions


ROLES = {None: 302, "Editors": 403, "Curators": 200, "Administrators": 200}


@pytest.mark.parametrize(("role", "status"), ROLES.items())
def test_import_access_depends_on_role(carol, role, status):
    page = send(carol, "first_name\nA\n")
    carol.post(page, {"_import": "1"})
    batch = Batch.objects.get()
    client = client_of(role, "someone")
    for url in (LIST, ADD):
        assert client.get(url).status_code == status, url
    done = 302 if status in (200, 302) else 403
    assert client.post(ADD, {"file": SimpleUploadedFile("a.csv", b"first_name\nB\n")}).status_code == done
    assert Upload.objects.exists() is (status == 200)
    if status == 200:
        pk = Upload.objects.get().pk
        assert client.get(f"{LIST}file/{pk}/").status_code == 200
        assert client.get(f"{LIST}file/{pk}/mistakes.csv").status_code == 200
        # Only the user who uploaded a file may see or import it.
        for response in (carol.get(f"{LIST}file/{pk}/"), carol.post(f"{LIST}file/{pk}/", {"_import": "1"})):
            assert (response.status_code, response["Location"]) == (302, LIST)
        assert Upload.objects.filter(pk=pk).exists()
    else:
        pk = Upload.objects.create(who="someone", name="x", content=b"first_name\nB\n").pk
        for url in (f"{LIST}file/{pk}/", f"{LIST}file/{pk}/mistakes.csv"):
            assert client.get(url).status_code == status
            assert client.post(url, {"_import": "1"}).status_code == status
    assert client.post(f"{LIST}{batch.pk}/undo/").status_code == done
    assert Actor.objects.filter(first_name="A").exists() is (status != 200)
    assert not Actor.objects.filter(first_name="B").exists()


def test_undo_by_get_returns_405(carol):
    assert carol.get(f"{LIST}1/undo/").status_code == 405
    assert carol.post(f"{LIST}1/undo/").status_code == 404
    assert carol.get(f"{LIST}x/change/").status_code == 404
