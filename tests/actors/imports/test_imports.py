"""Imports: reading each format, checking rows, comparing them with the database, writing all or none."""

import io
import json
from contextlib import contextmanager
from datetime import datetime

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from openpyxl import Workbook

from actors import imports
from actors.exports import records
from actors.imports.errors import UnreadableFileError
from actors.imports.parsers import open_source
from actors.imports.staging import ImportConflictError
from actors.models import Actor, Batch, Change

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]


@contextmanager
def examined(content, encoding=None, columns=None):
    content = content.encode() if isinstance(content, str) else content
    with transaction.atomic():
        yield imports.examine(open_source(io.BytesIO(content), encoding), columns)


def run(content, **how):
    """Import the file; return the batch, or {(line, column): error message}."""
    with examined(content, **how) as staging:
        if staging.wrong:
            return {(line, column): message for line, column, _value, message in staging.errors()}
        return staging.apply("carol", "file")


def everyone():
    return [str(actor) for actor in Actor.objects.order_by("id")]


NAMES = "first_name,last_name,native_name\nTony,Leung,梁朝偉\nMaggie,Cheung,张曼玉\n"


# Encodings, line ends, delimiters


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gbk", "gb18030"])
def test_encoding_is_detected(encoding):
    run(NAMES.encode(encoding))
    assert list(Actor.objects.order_by("id").values_list("native_name", flat=True)) == ["梁朝偉", "张曼玉"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_delimiter_and_line_ends_are_detected(delimiter, newline):
    run(NAMES.replace(",", delimiter).replace("\n", newline))
    assert everyone() == ["Tony Leung", "Maggie Cheung"]


@pytest.mark.parametrize("sep_line", ["sep=;\r\n", '"sep=;"\n', "\ufeffSEP=;\n"])
def test_excel_sep_line_sets_the_delimiter(sep_line):
    assert run(sep_line + "first_name;birth_year\nTony;x\n").keys() == {(3, "birth_year")}
    run(sep_line + "first_name;last_name\nTony,;Leung\n")
    assert everyone() == ["Tony, Leung"]


def test_line_ends_may_be_mixed():
    run('first_name,biography\r\nTony,a\rMaggie,"b\r\nc"\nCher,d\r\n')
    assert list(Actor.objects.order_by("id").values_list("first_name", "biography")) == [
        ("Tony", "a"), ("Maggie", "b\nc"), ("Cher", "d")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("first_name\nJosé\nRené Über\n".encode("cp1252"), "Line 2 cannot be decoded as UTF-8"),
        (b"\xef\xbb\xbffirst_name\nTony\nMa\xffggie\n", "Line 3 cannot be decoded as UTF-8-SIG"),
        (NAMES.encode("utf-16")[:-1], "cannot be decoded as UTF-16"),
        ("first_name\nŁukasz\n".encode("utf-16-le")[:-1], "cannot be decoded as UTF-16-LE"),
    ],
)
def test_error_in_an_undecodable_file_names_the_line(content, message):
    with pytest.raises(UnreadableFileError, match=message):
        run(content)
    assert not Actor.objects.exists()


def test_given_encoding_is_used():
    run("first_name\nJosé\n".encode("cp1252"), encoding="cp1252")
    assert everyone() == ["José"]
    with pytest.raises(UnreadableFileError, match="Unknown encoding: “klingon”"):
        run(NAMES, encoding="klingon")
    with pytest.raises(UnreadableFileError, match="Unknown encoding: “hex”"):
        run(NAMES, encoding="hex")


# Errors in rows: nothing is written


def test_every_error_is_listed_by_line_and_column(actor):
    content = (
        "id,first_name,last_name,birth_year,death_year,country,version\n"
        f"{actor.pk},Toshiro,Mifune,1920,1997,JP,1\n"
        "5,A,B\n"
        f"{actor.pk},Again,,,,,1\n"
        f",{'x' * 1_000_000},,,,,\n"
        ",Nu\0l,,,,,\n"
        ",\u202eevil,,,,,\n"
        ",,,,,,\n"
        ",,,1950,,,\n"
        ",Cher,,1066,,XX,\n"
        ",Late,,1950,1940,,\n"
        "x,Id,,1_950,,,-1\n"
        ",More,,,,,,cells\n"
        ',Quo"te,"a"b,,,,\n'
        ",Fine,,,,,\n"
    )
    found = run(content)
    assert {place: message[:40] for place, message in found.items()} == {
        (2, "id"): "This ID is in the file more than once.",
        (3, ""): "The row has 3 cells; the header has 7.",
        (4, "id"): "This ID is in the file more than once.",
        (5, "first_name"): "Ensure this value has at most 45 charact",
        (6, "first_name"): "first name contains the invisible charac",
        (7, "first_name"): "first name contains the invisible charac",
        (9, ""): "Enter a first name, a last name, or both",
        (10, "birth_year"): "Enter a year from 1800 to 2026, or leave",
        (10, "country"): "'XX' is not a country. Use its two-lette",
        (11, "death_year"): "The year of death is before the year of ",
        (12, "birth_year"): "Enter only a year, such as 1946.",
        (12, "id"): "“x” value must be an integer.",
        (12, "version"): "“-1” value must be an integer.",
        (13, ""): "The row has 8 cells; the header has 7.",
        (14, ""): "This is not valid CSV: ',' expected afte",
    }
    assert everyone() == ["Toshirō Mifune"] and not Batch.objects.exists()


def test_row_with_an_invalid_cell_is_checked_against_all_other_rules(actor):
    gone = Actor.objects.create(first_name="Gone")
    pk = gone.pk
    gone.delete()
    Actor.objects.filter(pk=actor.pk).update(biography="Changed since.")
    content = (
        "id,version,first_name,last_name,birth_year,death_year,country\n"
        ",,,,1950,1940,ZZ\n"
        f",,{'x' * 50},,12a,1940,ZZ\n"
        f"{actor.pk},1,T,Mifune,1920,1997,ZZ\n"
        f"{actor.pk + 1000},x,,,,,ZZ\n"
        f"{pk},,Gone,,,,ZZ\n"
        "y,,,,1950,1940,\n"
    )
    assert list(run(content)) == [
        *((2, column) for column in ("", "country", "death_year")),
        *((3, column) for column in ("birth_year", "country", "first_name")),
        *((4, column) for column in ("country", "version")),
        *((5, column) for column in ("", "country", "version")),
        *((6, column) for column in ("country", "id")),
        *((7, column) for column in ("", "death_year", "id")),
    ]
    # The actor of the row is unknown, so whether a name is missing is unknown too.
    assert list(run("id,version,first_name\ny,1,\n")) == [(2, "id")]
    assert list(run(f"id,version,first_name\n{actor.pk},y,\n")) == [(2, "version")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "The file is empty."),
        ("\n\n\n", "The file is empty."),
        ("first_name,last_name\n", "The file has no rows."),
        ("[]", "The file has no rows."),
        ("first_name,shoe_size\nA,44\n", "Unknown columns: shoe_size. Assign each"),
        ("first_name,,last_name\nA,B,C\n", "Unknown columns: column 2."),
        ("first_name,First Name\nA,B\n", "Two columns are assigned to the field “first_name”."),
        ("country\nJP\n", "The file needs a column with the ID, the first name or the last name."),
        ("id,version\n1,1\n", "The file has no column with data about actors."),
        ('first_name,last_name\n"A,B\n', None),
        ('[{"first_name": "A"}, {"first_name":', "Line 1 is not valid JSON."),
        ('{"total": 1}', "Unknown columns: total."),
        ("[1, 2]", "Line 1 is not a JSON object."),
        ("[" * 100_000, "is not valid JSON"),
        (b"\xd0\xcf\x11\xe0 and so on", "old format"),
        (b"PK\x03\x04 and so on", "This workbook cannot be read."),
    ],
)
def test_unreadable_file_is_refused_with_the_reason(content, message):
    if message:
        with pytest.raises(UnreadableFileError, match=message):
            run(content)
    else:
        assert list(run(content)) == [(2, "")]
    assert not Actor.objects.exists()


def test_all_errors_are_listed_without_a_limit():
    with examined("first_name,birth_year\n" + "A,1\n" * 12_000) as staging:
        assert (staging.wrong, staging.rows, len(list(staging.errors(1_000)))) == (12_000, 12_000, 1_000)
        assert [error.line for error in staging.errors()] == list(range(2, 12_002))


# Columns, comparing and writing


def test_columns_are_assigned_by_name_label_or_choice():
    for heading in ("birth_year", "Year of birth", "出生年份"):
        if heading == "出生年份":
            from django.utils import translation

            with translation.override("zh-hans"):
                heading = str(Actor._meta.get_field("birth_year").verbose_name)
        run(f"last name,{heading}\nCher,1946\n")
    run(
        "Surname,Born,Shoe size\nCher,1946,38\n",
        columns={"Surname": "last_name", "Born": "birth_year", "Shoe size": ""},
    )
    assert set(Actor.objects.values_list("last_name", "birth_year")) == {("Cher", 1946)}
    with pytest.raises(UnreadableFileError, match=r"no column “Nmae”.*no field “shoe”"):
        run("first_name\nA\n", columns={"Nmae": "last_name", "first_name": "shoe"})


def test_rows_add_change_or_keep_actors(actor):
    other = Actor.objects.create(first_name="Cher")
    content = (
        "id,version,first_name,last_name,birth_year\n"
        f"{actor.pk},1,Toshirō,Mifune,1921\n"
        f"{other.pk},,Cher,,\n"
        ",,Jean,Gabin,1904\n"
        "900000,7,From,Elsewhere,\n"
        ",,Fay,Wray,\n"
    )
    with examined(content) as staging:
        assert (staging.added, staging.changed, staging.same, staging.wrong) == (3, 1, 1, 0)
        assert staging.differences(10) == [(2, actor.pk, "Toshirō Mifune", [("birth_year", 1920, 1921)])]
        assert [(line, values["first_name"]) for line, values in staging.additions(10)] == [
            (4, "Jean"),
            (5, "From"),
            (6, "Fay"),
        ]
        batch = staging.apply("carol", "file.csv")
    actor.refresh_from_db()
    # Fields without a column in the file stay unchanged.
    assert (actor.birth_year, actor.death_year, actor.country, actor.version) == (1921, 1997, "JP", 2)
    assert Actor.objects.get(pk=900_000).version == 1
    assert Actor.objects.create(first_name="Next").pk > 900_000
    assert (batch.added, batch.changed, batch.who, batch.name) == (3, 1, "carol", "file.csv")
    assert batch.changes.values_list("kind", "who", "origin", "fields").earliest("id") == (
        "~", "carol", "import", "birth_year"
    )  # fmt: skip
    assert batch.changes.count() == 4
    Actor.objects.create(first_name="After")
    assert Change.objects.latest("id").batch is None


def test_import_works_while_queries_are_logged():
    """With DEBUG, Django's cursor takes the arguments of COPY by position only."""
    with CaptureQueriesContext(connection):
        run("first_name,last_name\nAda,Lovelace\n")
    assert "Ada Lovelace" in map(str, Actor.objects.all())


def test_new_ids_are_assigned_in_line_order():
    run("last_name\nZorro\nAdam\nMaria\n")
    assert everyone() == ["Zorro", "Adam", "Maria"]


def test_row_with_a_stale_or_missing_version_causes_an_error(actor):
    Actor.objects.filter(pk=actor.pk).update(country="FR")
    other = Actor.objects.create(first_name="Cher")
    gone = Actor.objects.create(first_name="Gone")
    pk = gone.pk
    gone.delete()
    content = f"id,version,first_name\n{actor.pk},1,T\n{other.pk},,C\n{pk},1,G\n"
    assert run(content) == {
        (2, "version"): "The actor was changed after this row was exported. The current version is 2.",
        (3, "version"): "The row changes the actor but has no version. The current version is 1.",
        (
            4,
            "id",
        ): "This actor was deleted. To add a new actor, leave the ID empty. To undelete this one, use its history.",
    }
    assert run(f"id,first_name\n{other.pk},C\n").keys() == {(2, "version")}


def test_change_between_compare_and_apply_raises_conflict(actor):
    with pytest.raises(ImportConflictError), examined(f"id,version,first_name\n{actor.pk},1,T\n") as staging:
        Actor.objects.filter(pk=actor.pk).update(country="FR")
        staging.apply("carol", "file")
    actor.refresh_from_db()
    assert actor.first_name == "Toshirō" and not Batch.objects.exists()


def test_row_is_validated_together_with_stored_values(actor):
    assert run(f"id,version,death_year\n{actor.pk},1,1900\n").keys() == {(2, "death_year")}
    assert run(f"id,version,birth_year\n{actor.pk},1,\n").changed == 1


def test_blank_cell_clears_the_field_and_blank_row_is_skipped(actor):
    run(f"id,version,birth_year,country,,\n,,,,,\n{actor.pk},1,,,,\n")
    actor.refresh_from_db()
    assert (actor.birth_year, actor.country) == (None, "")


# JSON, NDJSON, XLSX


ROWS = [
    {"first_name": "Tony", "birth_year": 1962, "biography": 'Said:\n"no"'},
    {"first_name": "Cher", "birth_year": None, "biography": ""},
]


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(ROWS),
        json.dumps(ROWS, indent=2),
        json.dumps({"total": 2, "next": None, "actors": ROWS}),
        json.dumps({"total": 2, "actors": ROWS}, indent=2),
        "".join(json.dumps(row) + "\n" for row in ROWS),
        "\ufeff" + json.dumps(ROWS[0]) + "\r\n\r\n" + json.dumps(ROWS[1]),
    ],
)
def test_json_and_ndjson_are_read(content):
    run(content)
    assert list(Actor.objects.order_by("id").values_list("first_name", "birth_year", "biography")) == [
        ("Tony", 1962, 'Said:\n"no"'), ("Cher", None, "")
    ]  # fmt: skip


def test_other_names_may_be_a_list_in_json():
    run('[{"first_name": "A", "also_known_as": ["B", "C D"]}, {"first_name": "E", "also_known_as": "F / G"}]')
    assert list(Actor.objects.order_by("id").values_list("also_known_as", flat=True)) == ["B / C D", "F / G"]
    assert run('{"first_name": "A", "also_known_as": [["B"]]}').keys() == {(1, "")}


def test_json_errors_have_line_numbers():
    content = '[\n {"first_name": "A", "birth_year": 1066},\n {"first_name": ["B"], "birth_year": 1},\n'
    content += ' {"first_name": "C"},\n 7,\n {"first_name": "\\ud800", "birth_year": true}\n]'
    assert run(content).keys() == {(2, "birth_year"), (3, ""), (4, ""), (5, ""), (6, "")}
    long = "[" + ",\n".join(json.dumps({"first_name": "A" * 40, "birth_year": "1"}) for _ in range(9_000)) + "]"
    assert list(run(long)) == [(line, "birth_year") for line in range(1, 9_001)]
    lines = '{"first_name": "A"}\n{"first_name"\n\n{"first_name": "\\u0000"}\n'
    assert run(lines).keys() == {(2, ""), (4, "first_name")}


def workbook(*rows):
    book, file = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(file)
    return file.getvalue()


def test_formula_in_a_heading_causes_an_error():
    with pytest.raises(UnreadableFileError, match=r"^B1 is a formula or an error. Replace it with its value.$"):
        run(workbook(["first_name", "=1+1"], ["A", "x"]))


def test_xlsx_is_read():
    run(workbook(["First name", "Year of birth", "Country"], ["Tony", 1962, "HK"], ["Cher", 1946.0], [None], ["007"]))
    assert list(Actor.objects.order_by("id").values_list("first_name", "birth_year", "country")) == [
        ("Tony", 1962, "HK"), ("Cher", 1946, ""), ("007", None, "")
    ]  # fmt: skip


def test_date_is_not_accepted_as_a_year():
    """1946 typed into a date cell of a spreadsheet is a day in 1905."""
    found = run(workbook(["first_name", "birth_year"], ["Cher", datetime(1946, 5, 20)]))
    assert found == {(2, "birth_year"): "Enter only a year, such as 1946."}


def test_xlsx_errors_have_line_numbers():
    found = run(workbook(["first_name", "birth_year"], ["=1+1", 1], ["A", 1962.5], ["B", "inf"], ["C", 1, 2]))
    assert found.keys() == {(2, ""), (3, "birth_year"), (4, "birth_year"), (5, "")}


def test_formula_guard_of_exported_csv_is_removed(actor):
    Actor.objects.filter(pk=actor.pk).update(biography="=SUM(1)", native_name="'-x")
    content = b"".join(records.csv_stream(Actor.objects.all()))
    assert b"'=SUM(1)" in content
    with examined(content) as staging:
        assert (staging.same, staging.changed) == (1, 0)
    run("first_name\n'=A\n'B\n'-\n'\n")
    assert everyone()[1:] == ["=A", "'B", "-", "'"]
