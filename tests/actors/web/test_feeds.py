"""Recent changes as an Atom feed."""

import xml.etree.ElementTree as ElementTree
from datetime import timedelta

import pytest
from django.db import connection
from django.utils.timezone import now

from actors.models import Actor, Credit, Film, FilmChange
from actors.web import feeds

pytestmark = pytest.mark.django_db
ATOM = "{http://www.w3.org/2005/Atom}"


def read(client, **headers):
    response = client.get("/feed/", headers=headers)
    assert (response.status_code, response["Content-Type"]) == (200, "application/atom+xml; charset=utf-8")
    return ElementTree.fromstring(response.content)  # noqa: S314  it is our own


def titles(feed):
    return [entry.findtext(f"{ATOM}title") for entry in feed.iter(f"{ATOM}entry")]


def test_feed_lists_each_actor_once_latest_change_first(client, actor):
    Actor.objects.create(first_name="Tony", last_name="Leung", native_name="梁朝偉", country="HK")
    assert titles(read(client)) == ["Tony Leung", "Toshirō Mifune"]
    Actor.objects.filter(pk=actor.pk).update(birth_year=1921)
    assert titles(read(client)) == ["Toshirō Mifune", "Tony Leung"]
    Actor.objects.get(last_name="Leung").delete()
    assert titles(read(client)) == ["Toshirō Mifune"]


def test_feed_lists_films_with_changed_fields_or_casts(client, actor):
    film = Film.objects.create(title="Seven Samurai", original_title="七人の侍", year=1954)
    earlier, later = (now() + timedelta(hours=hours) for hours in (-1, 1))
    FilmChange.objects.update(at=later)
    feed = read(client)
    assert titles(feed) == ["Seven Samurai (1954)", "Toshirō Mifune"]
    entry = feed.find(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}id") == f"http://testserver/films/{film.pk}/"
    assert entry.find(f"{ATOM}link").get("href") == f"http://testserver{film.get_absolute_url()}"
    assert entry.findtext(f"{ATOM}summary") == "七人の侍"
    FilmChange.objects.update(at=earlier)
    assert titles(read(client)) == ["Toshirō Mifune", "Seven Samurai (1954)"]
    Credit.objects.create(film=film, actor=actor)
    FilmChange.objects.exclude(credit_id=None).update(at=later)
    assert titles(read(client)) == ["Seven Samurai (1954)", "Toshirō Mifune"]
    film.delete()
    assert titles(read(client)) == ["Toshirō Mifune"]


def test_entry_has_the_elements_that_atom_requires(client, actor):
    feed = read(client)
    entry = feed.find(f"{ATOM}entry")
    actor.refresh_from_db()
    stamp = actor.last_update.isoformat(timespec="seconds")
    assert feed.findtext(f"{ATOM}id") == "http://testserver/feed/"
    assert feed.findtext(f"{ATOM}author/{ATOM}name") == "Actorsite"
    assert entry.findtext(f"{ATOM}link") == "" and entry.find(f"{ATOM}link").get("href") == (
        f"http://testserver{actor.get_absolute_url()}"
    )
    assert entry.findtext(f"{ATOM}summary") == "三船敏郎 · 1920–1997 · Japan"
    assert entry.findtext(f"{ATOM}updated")[:19] == feed.findtext(f"{ATOM}updated")[:19] == stamp[:19]


def test_feed_entry_keeps_its_id_when_the_name_changes(client, actor):
    def identity():
        return read(client).findtext(f"{ATOM}entry/{ATOM}id")

    before = identity()
    Actor.objects.update(last_name="Changed")
    assert identity() == before == f"http://testserver/actors/{actor.pk}/"
    assert client.get(before).status_code == 301


def test_feed_escapes_markup_in_names(client):
    Actor.objects.create(first_name="<b>&amp;")
    assert titles(read(client)) == ["<b>&amp;"]


def test_feed_has_bounded_entries_and_queries(client, monkeypatch, django_assert_max_num_queries):
    Actor.objects.bulk_create(Actor(first_name=f"Number {n}") for n in range(60))
    with django_assert_max_num_queries(4):
        assert len(titles(read(client))) == 50
    monkeypatch.setattr(feeds, "MAX_CHANGES_READ", 10)
    assert len(titles(read(client))) == 10


def test_feed_is_in_the_readers_language(client, actor):
    feed = read(client, **{"Accept-Language": "zh-CN"})
    assert feed.get("{http://www.w3.org/XML/1998/namespace}lang") == "zh-hans"
    assert feed.findtext(f"{ATOM}title") == "Actorsite：最近的更改"


def test_pages_link_to_the_feed(client, actor):
    page = client.get("/").content.decode()
    assert '<link rel="alternate" type="application/atom+xml" title="Recent changes" href="/feed/">' in page
    assert '<a href="/feed/" type="application/atom+xml">Recent changes (Atom)</a>' in page.split("<footer")[1]


def test_feed_omits_characters_that_xml_cannot_contain(client, actor):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE actor SET first_name = %s, native_name = %s", ["To\x01shi\ufffe", "三船\x1b敏郎"])
    (entry,) = read(client).iter(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}title") == "Toshi Mifune"
    assert "三船敏郎" in entry.findtext(f"{ATOM}summary")
