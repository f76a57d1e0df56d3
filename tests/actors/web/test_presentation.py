"""Rows and groups of lists, as HTML."""

import re
from types import SimpleNamespace

import pytest
from django.utils.translation import override

from actors.listing.rows import cast_credits, film_credits
from actors.models import Actor, Credit, Film
from actors.web import presentation


def actor_of(first_name="", last_name="", native_name="", birth_year=None, country="", also_known_as=""):
    """Return a row of the list of actors."""
    return SimpleNamespace(id=1, death_year=None, **locals())


def text_of(html):
    """Return the text of ``html``, without tags."""
    return " ".join(re.sub("<[^>]*>", "", html).split())


@pytest.mark.parametrize(
    ("language", "row"),
    [
        ("en", "Alla Demidova Алла Демидова born 1936 Russia"),
        ("zh-hans", "Alla Demidova Алла Демидова 生于 1936 年 俄罗斯"),
    ],
)
def test_actor_rows_shows_names_years_and_translated_country(language, row):
    actor = actor_of("Alla", "Demidova", "Алла Демидова", 1936, "RU")
    with override(language):
        html = presentation.actor_rows([actor])
    assert text_of(html) == row and '<bdi class="native" lang="ru">' in html


@pytest.mark.parametrize(
    ("first", "last", "sort", "name"),
    [
        ("Alla", "Demidova", "", "Alla <b>Demidova</b>"),
        ("Alla", "Demidova", "first", "<b>Alla</b> Demidova"),
        ("Cher", "", "", "<b>Cher</b> "),
        ("", "Zendaya", "", " <b>Zendaya</b>"),
        ("\ue000%s", "{}", "", "\ue000%s <b>{}</b>"),
        ("<b>&amp;", "\"'", "", "&lt;b&gt;&amp;amp; <b>&quot;&#x27;</b>"),
    ],
)
def test_actor_rows_shows_the_sorted_name_in_bold(first, last, sort, name):
    html = presentation.actor_rows([actor_of(first, last)], sort)
    assert re.search(r'<a href="/actors/1-[^"]*">(.*)</a>', html)[1] == name


def test_actor_rows_marks_matches_in_names_of_every_kind():
    actor = actor_of("Toshirō", "Mifune", also_known_as="Mifune the Great / Tosh")
    html = presentation.actor_rows([actor], words=["mifune"])
    assert html.count("<mark>Mifune</mark>") == 2 and text_of(html).endswith("Mifune the Great")


def test_film_rows_shows_only_the_title_without_year_or_original_title():
    film = SimpleNamespace(id=1, title="Lost & found", original_title="", year=None)
    assert text_of(presentation.film_rows([film], {})) == "Lost &amp; found"


def test_grouped_rows_escapes_initials_and_omits_empty_ones():
    html = presentation.grouped_rows([("&", "<li>A</li>"), ("", "<li>B</li>")])
    assert re.findall("<h2>(.*?)</h2>", html) == ["&amp;"]
    assert re.findall('<ul class="actors">\n(.*?)</ul>', html) == ["<li>A</li>", "<li>B</li>"]


@pytest.mark.django_db
def test_credits_escape_markup_in_texts(django_assert_num_queries):
    actor = Actor.objects.create(first_name="<i>", native_name="<u>", country="JP")
    film = Film.objects.create(title="<b>", original_title="<s>")
    Credit.objects.create(actor=actor, film=film, character="%s <em>")
    with django_assert_num_queries(2):
        made = presentation.filmography(film_credits(actor), "JP") + presentation.cast_list(cast_credits(film))
    assert set(re.findall(r"<(\w+)", made)) == {"li", "span", "a", "bdi"}
    assert made.count("as %s &lt;em&gt;") == 2
