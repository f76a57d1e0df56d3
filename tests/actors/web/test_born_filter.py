"""The list filtered by decade of birth."""

import re

import pytest

from actors.models import Actor
from tests import plans
from tests.actors.web.test_actor_list import choices, chosen

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def people(db):
    for name, year in {"Ann": 1939, "Bob": 1940, "Cleo": 1949, "Dan": 1950, "Eve": None, "Old": 1799}.items():
        Actor.objects.create(first_name=name, last_name="Lee", birth_year=year, country="GB")
    Actor.objects.create(first_name="Fay", last_name="Lee", birth_year=1944, death_year=2000, country="FR")


def names(client, url):
    page = client.get(url).content.decode()
    found = re.findall(r"<li>\s*<a href=\"/actors/[^>]*>(.*?)</a>", page)
    return [re.sub("<[^>]*>", "", name).removesuffix(" Lee") for name in found], page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("born=1940s", ["Bob", "Cleo", "Fay"]),
        ("born=1940s&living=yes", ["Bob", "Cleo"]),
        ("born=1940s&country=FR&sort=first", ["Fay"]),
        ("born=1940s&q=lee", ["Bob", "Cleo", "Fay"]),
        ("born=1940s&q=cleo&country=GB", ["Cleo"]),
        ("born=1940s&letter=L", ["Bob", "Cleo", "Fay"]),
        ("born=1960s", []),
        ("born=1960s&q=lee", []),
    ],
)
def test_decade_filter_applies_to_page_and_data(client, query, found):
    shown, page = names(client, f"/?{query}")
    assert shown == found or (not found and "No actors found" in page)
    data = client.get(f"/actors.json?{query}").json()
    assert [actor["first_name"] for actor in data["actors"]] == found and data["total"] == len(found)


def test_decades_are_offered_with_bounded_counts(client):
    Actor.objects.bulk_create(Actor(first_name=f"N{n}", birth_year=1955) for n in range(100))
    _names, page = names(client, "/")
    assert choices(page, "born") == [
        ("", "All"), ("1950s", "1950s (99+)"), ("1940s", "1940s (3)"), ("1930s", "1930s (1)")
    ]  # fmt: skip
    Actor.objects.filter(first_name="N0").delete()
    Actor.objects.filter(first_name="N1").delete()
    assert ("1950s", "1950s (99)") in choices(client.get("/").content.decode(), "born")
    _names, page = names(client, "/?living=yes&born=1940s")
    assert ("1940s", "1940s (2)") in choices(page, "born") and chosen(page)["born"] == ["1940s"]
    assert ("no", "Deceased (1)") in choices(page, "living") and chosen(page)["living"] == ["yes"]
    assert "FR" not in dict(choices(page, "country"))


def test_decade_filter_is_in_the_title_and_can_be_removed(client):
    _names, page = names(client, "/?sort=first&born=1940s&q=lee")
    assert "<title>“lee” · Born in the 1940s · Actors" in page
    assert 'href="http://testserver/?q=lee&amp;born=1940s&amp;sort=first"' in page
    assert '<a href="./?q=lee&amp;sort=first"><span class="unseen">Remove</span> <bdi>Born in the 1940s</bdi>' in page
    assert '<option value="1940s" selected>1940s</option>' in page
    assert "1940年代出生" in client.get("/?born=1940s", headers={"Accept-Language": "zh-hans"}).content.decode()


@pytest.mark.parametrize("wrong", ["1940", "1945s", "1740s", "2940s", "40s", "1940s%0a", "١٩٤٠s", "%00", "'"])
def test_invalid_decade_is_refused(client, wrong):
    response = client.get(f"/?born={wrong}")
    assert response.status_code == 400
    if wrong != "%00":
        assert b"born must be a decade, such as 1940s." in response.content


@pytest.mark.postgresql
def test_decade_filter_and_facets_use_an_index():
    plans.fill("actor_birth_year")
    assert "actor_birth_year" in Actor.objects.filter(birth_year__range=(1900, 1909)).explain()
