"""Pages and data show the current rows, never an older cached state."""

import json
from html import escape
from urllib.parse import unquote_plus

import pytest
from django.db import connection

from actors.exports import records
from actors.models import Actor
from tests import pages
from tests.wsgi import Site

pytestmark = [pytest.mark.sqlite, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def site():
    pages.load()
    return Site()


def test_list_after_write_is_rendered_again(site):
    urls = ("/?x", "/?q=mifune&living=yes&x", "/actors.json?x")
    before = [site.get(url)[2] for url in urls]
    assert before == [site.get(url)[2] for url in urls]
    Actor.objects.create(first_name="Åse", last_name="Mifune", country="NO", birth_year=1817)
    after = [site.get(url)[2].decode() for url in urls]
    assert "Norway" in after[0] and "Norway" in after[1]
    assert "Åse" in after[1]
    totals = [json.loads(text)["total"] for text in (before[2], after[2])]
    assert totals == [Actor.objects.count() - 1, Actor.objects.count()]


def test_query_is_escaped_everywhere(site):
    for typed in ("%3Cscript%3E%26%22%27+x", "%EE%80%80wong", "%25EF%2580%2580", "%7B%7D", "%22%3E%3Ci%3E"):
        for more in ("", "&sort=last", "&country=HK", ""):
            body = site.get(f"/?q={typed}{more}")[2].decode()
            text = unquote_plus(typed)
            assert escape(text) in body
            assert text == escape(text) or text not in body


HOSTILE = ["<b>&amp;\"'", "\\u0022\\\\", "\ue000\uf000", "😀👩‍👧", "%s{}%%", "a\u00a0b", "Ω", '","url":"']


def as_data(actor):
    return {**records.to_record(records.actor_values(actor)), "url": f"http://testserver{actor.get_absolute_url()}"}


def test_json_rows_are_current_after_every_write(site):
    """Each page is read twice, because rows may be cached, and again after SQL has changed each column."""
    for text in HOSTILE:
        Actor.objects.create(
            first_name=text, last_name=f"Åå {text}", native_name=text, biography=f"{text}\n{text}", also_known_as=text
        )

    def look():
        url, rows = "/actors.json?sort=first&x", []
        while url:
            body = site.get(url)[2].decode()
            page = json.loads(body)
            expected = [as_data(Actor.objects.get(pk=row["id"])) for row in page["actors"]]
            text = json.dumps(expected, ensure_ascii=False, separators=(",", ":"))
            assert body.endswith(f',"suggestions":[],"actors":{text}}}')
            url, rows = page["next"] and page["next"].removeprefix("http://testserver"), rows + page["actors"]
        assert len(rows) == Actor.objects.count()

    look()
    look()
    number = Actor.objects.get(last_name="Mifune").pk
    for column, value in (
        ("first_name", "'Toshi'"),
        ("native_name", "'三船'"),
        ("birth_year", "1921"),
        ("death_year", "NULL"),
        ("country", "'CN'"),
        ("biography", "'Else.'"),
        ("also_known_as", "'A / B'"),
        ("last_update", "'2001-02-03 04:05:06.000007'"),
    ):
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE actor SET {column} = {value} WHERE actor_id = {number}")
        look()


def test_list_row_is_current_after_every_write(site):
    number = Actor.objects.get(last_name="Mifune").pk
    for column, value, shown in (
        ("first_name", "'<b>'", "&lt;b&gt; <b>Mifune</b>"),
        ("native_name", "'三'", ">三<"),
        ("birth_year", "1921", "1921"),
        ("country", "'CN'", "China"),
    ):
        before = site.get("/?q=mifune&x")[2].decode()
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE actor SET {column} = {value} WHERE actor_id = {number}")
        after = site.get("/?x&letter=m")[2].decode()
        assert shown in after and shown not in before
