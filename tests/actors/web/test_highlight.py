"""Matches of a search are marked in the list, by the folding that the search uses."""

import pytest

from actors.models import Actor
from actors.text.normalize import fold_words
from actors.web.presentation import highlight


@pytest.mark.once
@pytest.mark.parametrize(
    ("text", "query", "shown"),
    [
        ("Penélope", "penelope", "<mark>Penélope</mark>"),
        ("O'Toole", "otool", "<mark>O&#x27;Tool</mark>e"),
        ("Ｌee", "lee", "<mark>Ｌee</mark>"),
        ("Anne-Marie  Lee (actor)", "le ma", "Anne-<mark>Ma</mark>rie  <mark>Le</mark>e (actor)"),
        ("Ann", "lee", "Ann"),
        ("Élodie Ann", "lee", "Élodie Ann"),
        ("Jean-Paul", "paul jean", "<mark>Jean</mark>-<mark>Paul</mark>"),
        ("Strauß", "auss", "Str<mark>auß</mark>"),
        ("Strauß", "aus", "Str<mark>auß</mark>"),
        ("Mikkelsen Mi", "mi", "<mark>Mi</mark>kkelsen <mark>Mi</mark>"),
        ("Tamil", "mi", "Tamil"),
        ("李小龍", "小", "李<mark>小</mark>龍"),
        ("송강호", "강호", "송<mark>강호</mark>"),
        ("Алла Демидова", "демид", "Алла <mark>Демид</mark>ова"),
        ("حَمامة", "حمام", "<mark>حَمام</mark>ة"),
        ("Banana", "ana nan", "B<mark>anana</mark>"),
        ("<b>Ann</b>", "ann", "&lt;b&gt;<mark>Ann</mark>&lt;/b&gt;"),
        ("A & <mark>", "mark", "A &amp; &lt;<mark>mark</mark>&gt;"),
        ("\u0301Ann", "ann", "\u0301<mark>Ann</mark>"),
        ("Cher", "", "Cher"),
        ("<i>", "", "&lt;i&gt;"),
        ("", "cher", ""),
    ],
)
def test_highlight_marks_the_matches_of_words(text, query, shown):
    assert highlight(text, fold_words(query)) == shown


@pytest.mark.django_db
def test_list_marks_matches_in_every_kind_of_name(client):
    Actor.objects.create(
        first_name="Jackie", last_name="Chan", native_name="成龍", also_known_as="Fong / Chan Kong-sang"
    )
    page = client.get("/?q=chan").content.decode()
    assert "Jackie <b><mark>Chan</mark></b></a>" in page
    assert '<bdi class="also"><mark>Chan</mark> Kong-sang</bdi>' in page and "Fong" not in page
    page = client.get("/?q=龍&sort=first").content.decode()
    assert "成<mark>龍</mark></bdi>" in page and "<b>Jackie</b> Chan</a>" in page and 'class="also"' not in page
    assert "<mark>" not in client.get("/").content.decode()
