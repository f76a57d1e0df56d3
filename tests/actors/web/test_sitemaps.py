"""The sitemap: every page, in files of bounded size."""

import xml.etree.ElementTree as ElementTree

import pytest

from actors.models import Actor, Film
from actors.web import sitemaps

pytestmark = pytest.mark.django_db
NAMESPACE = {"s": sitemaps.XMLNS}


def document(response):
    assert (response.status_code, response["Content-Type"]) == (200, "application/xml")
    return ElementTree.fromstring(response.getvalue())  # noqa: S314  it is our own


def urls(response):
    return [entry.text for entry in document(response).findall("*/s:loc", NAMESPACE)]


def test_small_directory_has_one_sitemap(client, actor):
    cher = Actor.objects.create(first_name="Cher & <Co>")
    film = Film.objects.create(title="Moonstruck")
    response = client.get("/sitemap.xml")
    assert urls(response) == [
        f"http://testserver{path}"
        for path in ("/", "/films/", actor.get_absolute_url(), cher.get_absolute_url(), film.get_absolute_url())
    ]
    changed = document(client.get("/sitemap.xml")).find("s:url/s:lastmod", NAMESPACE).text
    assert changed == actor.last_update.isoformat(timespec="seconds").replace("+00:00", "Z")
    for url in urls(client.get("/sitemap.xml")):
        assert client.get(url).status_code == 200


class TestLarge:
    """A large directory: a few actors are enough if a file may have only two URLs."""

    @pytest.fixture(autouse=True)
    def _actors(self, monkeypatch):
        monkeypatch.setattr(sitemaps, "MAX_URLS", 2)
        Actor.objects.bulk_create(Actor(id=pk, first_name=f"Number {pk}") for pk in (1, 2, 3, 2_000_000_000))
        Film.objects.create(id=5, title="Moonstruck")

    def test_sitemap_index_lists_every_page_and_no_empty_part(self, client):
        response = client.get("/sitemap.xml")
        assert document(response).tag == f"{{{sitemaps.XMLNS}}}sitemapindex"
        parts = urls(response)
        assert [part.removeprefix("http://testserver/sitemap-") for part in parts] == [
            "actors-0.xml",
            "actors-1.xml",
            "actors-1000000000.xml",
            "films-2.xml",
        ]
        pages = [page for part in parts for page in urls(client.get(part))]
        rows = [*Actor.objects.order_by("id"), *Film.objects.all()]
        assert pages == [
            "http://testserver/",
            "http://testserver/films/",
            *(f"http://testserver{row.get_absolute_url()}" for row in rows),
        ]

    def test_sitemap_part_needs_two_queries_in_a_transaction(self, client, django_assert_num_queries):
        with django_assert_num_queries(2 + 2):
            client.get("/sitemap-actors-1.xml").getvalue()

    @pytest.mark.parametrize("part", ["actors-2", "people-0", f"actors-{2**31}", f"films-{10**40}", "actors--1"])
    def test_unknown_sitemap_part_returns_404(self, client, part):
        assert client.get(f"/sitemap-{part}.xml").status_code == 404

    def test_highest_possible_id_is_in_the_sitemap(self, client):
        Actor.objects.create(id=2**31 - 1, first_name="Last")
        assert len(urls(client.get(f"/sitemap-actors-{(2**31 - 1) // 2}.xml"))) == 1


def test_head_request_reads_no_rows(client, actor):
    response = client.head("/sitemap.xml")
    assert (response.status_code, response.getvalue(), response["Content-Type"]) == (200, b"", "application/xml")
