"""Exports by COPY are byte for byte what Python writes, and end when the reader disconnects."""

import random
import time

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from actors.db import copy as copying
from actors.exports import records
from actors.models import Actor
from actorsite.db import deadlines
from tests import plans

pytestmark = pytest.mark.postgresql

ODD = [
    *("", " ", "A", "a,b", 'a"b', '"', "a\nb", "a\rb", "a\r\nb", "\n", "\\", "\\.", "\\N", "a\\nb", "NULL", "'", "''"),
    *("=1+1", "+1", "-1", "@a", "\t=1", "\r=1", "=", '=HYPERLINK("x")', " =1", "a=1", "/ / x", "a / b", "a/b", "a / "),
    *(
        "梁朝偉",
        "Алла",
        "🎬🎭",
        "e\u0301",
        "\u2028",
        "\u00a0",
        "\x01",
        "\x1f",
        "\x7f",
        "\u0085",
        "\ufeff",
        "<&>",
        "{}[]",
    ),
    *(',"also_known_as":""}', '","also_known_as":"', "x" * 300),
]


@pytest.fixture
def odd(db):
    """Create actors with each odd text in each column, by SQL, because Django refuses some of the texts."""
    chance = random.Random(1)
    columns = ("first_name", "last_name", "native_name", "biography", "also_known_as")
    rows = [tuple(odd if n == at else "x" for n in range(5)) for odd in ODD for at in range(5)]
    rows += [tuple(chance.choice(ODD) for _ in columns) for _ in range(300)]
    with connection.cursor() as cursor:
        for row in rows:
            first, last, native, *texts = row
            # A name must fit its column, and the first and the last name must not both be empty.
            names = (first[:45] or "y", last[:45], native[:90])
            year = chance.choice([None, 0, 1920])
            cursor.execute(
                f"INSERT INTO actor ({', '.join(columns)}, birth_year, country) VALUES (%s, %s, %s, %s, %s, %s, %s)",
                [*names, *texts, year, chance.choice(["", "JP", "=X"])],
            )
    return Actor.objects.order_by("-id")


def as_python_writes(monkeypatch, write):
    with monkeypatch.context() as patched:
        patched.setattr(connection, "vendor", "python")
        return b"".join(write())


@pytest.mark.parametrize("raw", [False, True])
def test_csv_by_copy_equals_csv_by_python(odd, monkeypatch, raw):
    copied = b"".join(records.csv_stream(odd, raw=raw))
    assert copied == as_python_writes(monkeypatch, lambda: records.csv_stream(odd, raw=raw))
    assert copied.count(b"'=1+1") == (0 if raw else copied.count(b"=1+1"))


def test_ndjson_by_copy_equals_ndjson_by_python(odd, monkeypatch):
    copied = b"".join(records.ndjson_stream(odd))
    assert copied == as_python_writes(monkeypatch, lambda: records.ndjson_stream(odd))
    assert copied.count(b"\n") == odd.count()


def test_copy_of_any_queryset_equals_output_of_python(odd, monkeypatch):
    for view in (odd.filter(first_name__contains="%"), odd.search("a"), odd.none(), odd.filter(country="JP")[:7]):
        for write in (records.ndjson_stream, records.csv_stream):
            assert b"".join(write(view)) == as_python_writes(monkeypatch, lambda write=write, view=view: write(view))


@pytest.fixture
def many(transactional_db):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE actor DISABLE TRIGGER USER")
        cursor.execute(
            "INSERT INTO actor (first_name, last_name, biography) "
            "SELECT 'A', n, repeat('x', 5000) FROM generate_series(1, 6000) AS n"
        )
        cursor.execute("ALTER TABLE actor ENABLE TRIGGER USER")
    return Actor.objects.order_by("id")


def copies(cursor):
    """Return the number of COPY statements that run in this database; other processes have their own."""
    cursor.execute(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND state = 'active' AND query LIKE 'COPY (%'"
    )
    return cursor.fetchone()[0]


@pytest.mark.parametrize("write", [records.ndjson_stream, records.csv_stream])
def test_copy_ends_when_the_reader_disconnects(many, write):
    parts = write(many)
    for _ in range(3):
        next(parts)
    # Meanwhile, the server waits for room in the socket's buffer, and checks for it at growing intervals.
    time.sleep(2)
    parts.close()
    with connection.cursor() as cursor:  # a new connection: the first was closed with its COPY
        end = time.monotonic() + 10
        while copies(cursor):
            assert time.monotonic() < end
            time.sleep(0.05)
    assert Actor.objects.count() == 6_000


def test_database_error_reaches_the_reader(many):
    broken = many.extra(where=["1 / (last_name::int - 3000) > -1"])
    with pytest.raises(Exception, match="division by zero"):
        list(records.ndjson_stream(broken))
    assert Actor.objects.count() == 6_000


def test_unresponsive_server_ends_the_export_at_the_deadline(many):
    deadlines.watch_connection(connection.connection)
    begun = time.monotonic()
    with pytest.raises(OperationalError), deadlines.deadline(0.5):
        list(records.ndjson_stream(many.extra(where=["pg_sleep(20) IS NOT NULL"])))
    assert time.monotonic() - begun < 20, "it did not wait for a row"
    # Django may have reconnected after the deadline, and that connection was shut down too.
    connection.close()
    with connection.cursor() as cursor:
        while copies(cursor):
            assert time.monotonic() - begun < 30
            time.sleep(0.1)


def test_copy_waits_for_a_slow_reader(many):
    """The thread waits for the reader, so an export of any size needs memory for only a few chunks."""
    parts = copying.copy_json(many, records.ACTOR_FIELDS)
    first = next(parts)
    time.sleep(0.3)
    assert len(first) < 2 * copying.COPY_CHUNK_BYTES
    assert sum(map(len, parts)) > 100 * copying.COPY_CHUNK_BYTES


@pytest.mark.parametrize("rows", [2_900, 3_100])
def test_many_rows_are_read_in_the_order_of_an_index(db, monkeypatch, rows):
    """Regression: sorting a million rows took longer than the deadline, and the file was cut off."""
    plans.fill("actor_sort_last")
    monkeypatch.setattr(copying, "MAX_SORTED_ROWS", rows)  # there are 3,000 rows
    narrowed = Actor.objects.filter(birth_year__gte=1800).order_by("sort_last", "id")
    with CaptureQueriesContext(connection) as asked:
        assert sum(part.count(b"\n") for part in records.ndjson_stream(narrowed)) == plans.ROWS
    assert [query["sql"] for query in asked if "enable_sort" in query["sql"]] == ["SET LOCAL enable_sort = off"] * (
        rows < plans.ROWS
    )
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = on; SET LOCAL enable_sort = off")
    assert "Index Scan using actor_sort_last" in narrowed.explain()
