"""A list's rows are what their template makes of them, one by one."""

import pytest
from django.core.management import call_command
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import override

from actors.listing.actors import ActorListing
from actors.listing.rows import Listed
from actors.models import Actor, Film
from actors.web import rows

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]


def one_by_one(actors, sort="", words=""):
    context = {"listing": ActorListing(sort=sort), "words": words}
    return "".join(render_to_string("actors/row.html", {**context, "actor": actor}) for actor in actors)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("sort", ["", "first"])
def test_each_row_is_what_its_template_makes_of_it(language, sort):
    call_command("loaddata", "actors", verbosity=0)
    Actor.objects.create(first_name="<b>&amp;\"'", last_name="\ue000\ue001{}", native_name="<i>", country="JP")
    Actor.objects.create(first_name="Cher", death_year=1999)
    Actor.objects.create(last_name="Zendaya", native_name="김")
    actors = list(Actor.objects.all())
    listed = [Listed._make(row) for row in Actor.objects.values_list(*Listed._fields)]
    with override(language):
        for _ in range(2):
            assert rows.rows_of(actors, sort, []) == one_by_one(actors, sort)
            assert rows.rows_of(listed, sort, ["m", "li"]) == one_by_one(actors, sort, ["m", "li"])


def test_marks_of_a_search_and_other_names_are_shown():
    actor = Actor.objects.create(first_name="Toshirō", last_name="Mifune", also_known_as="Mifune the Great")
    row = rows.rows_of([actor], "", ["mifune"])
    assert row == one_by_one([actor], words=["mifune"])
    assert row.count("<mark>") == 2


def test_a_template_that_shows_more_than_is_declared_fails(monkeypatch):
    monkeypatch.setattr(rows, "SHOWN", rows.SHOWN[:4])
    rows._kind.cache_clear()
    try:
        with pytest.raises(LookupError, match="shows years"):
            rows.rows_of([Actor.objects.create(first_name="Cher")], "", [])
    finally:
        rows._kind.cache_clear()


def test_while_a_designer_works_every_row_is_rendered(settings, monkeypatch):
    settings.DEBUG = True
    monkeypatch.setattr(rows, "_kind", None)
    actor = Actor.objects.create(first_name="Cher")
    assert rows.rows_of([actor], "", []) == one_by_one([actor])


def test_a_group_has_its_rows_under_their_letter():
    actor = Actor.objects.create(first_name="Cher")
    groups = [("&", [actor]), ("", [actor])]
    made = [{"initial": initial, "rows": rows.rows_of(some, "", [])} for initial, some in groups]
    expected = "".join(render_to_string("actors/group.html", group) for group in made)
    assert rows.groups_of(groups, "", []) == expected
    assert "<h2>&amp;</h2>" in expected and expected.count("<h2>") == 1


@pytest.mark.parametrize(
    "name", ["Alla Demidova", "A. B.  C", "Å-1 Zoë", "0 _ 0", "梁朝偉", "%/?#&", "e\u0301", "Ó'Brien-Smith", "x" * 45]
)
def test_an_address_is_that_of_the_map(name):
    actor, film = Actor.objects.create(first_name=name), Film.objects.create(title=name)
    assert actor.get_absolute_url() == reverse("actor", args=[actor.pk, actor.slug])
    assert film.get_absolute_url() == reverse("film", args=[film.pk, film.slug])
