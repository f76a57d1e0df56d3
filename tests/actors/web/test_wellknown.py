"""robots.txt, security.txt, the icon and the web manifest."""

import json
from datetime import UTC, datetime, timedelta
from urllib.robotparser import RobotFileParser

import pytest
from django.contrib.staticfiles import finders


@pytest.mark.once
class TestRobots:
    @pytest.fixture
    def robots(self, client):
        response = client.get("/robots.txt")
        assert (response.status_code, response["Content-Type"]) == (200, "text/plain; charset=utf-8")
        parser = RobotFileParser()
        parser.parse(response.content.decode().splitlines())
        return parser

    @pytest.mark.parametrize("path", ["/", "/actors/1-toshiro-mifune/", "/films/1-x/", "/actors.json", "/feed/"])
    def test_robots_txt_allows_pages(self, robots, path):
        assert robots.can_fetch("*", path)

    @pytest.mark.parametrize("path", ["/admin/", "/language/", "/spotlight/", "/actors.csv", "/actors.ndjson"])
    def test_robots_txt_disallows_other_urls(self, robots, path):
        assert not robots.can_fetch("*", path)

    def test_robots_txt_names_the_sitemap(self, robots):
        assert robots.site_maps() == ["http://testserver/sitemap.xml"]


@pytest.mark.once
def test_favicon_ico_redirects_to_the_icon(client):
    response = client.get("/favicon.ico")
    assert (response.status_code, response["Location"]) == (302, "/static/actors/favicon.svg")
    assert finders.find("actors/favicon.svg")


@pytest.mark.once
class TestSecurity:
    def test_security_txt_has_contact_and_expiry_within_a_year(self, client, settings):
        settings.SECURITY_CONTACT = "mailto:security@example.org"
        response = client.get("/.well-known/security.txt")
        assert (response.status_code, response["Content-Type"]) == (200, "text/plain; charset=utf-8")
        fields = dict(line.split(": ", 1) for line in response.content.decode().splitlines())
        assert fields["Contact"] == "mailto:security@example.org"
        assert fields["Canonical"] == "http://testserver/.well-known/security.txt"
        assert fields["Preferred-Languages"] == "en, zh"
        left = datetime.fromisoformat(fields["Expires"]) - datetime.now(UTC)
        assert timedelta(days=90) < left < timedelta(days=365)

    def test_security_txt_without_contact_returns_404(self, client, settings):
        settings.SECURITY_CONTACT = None
        assert client.get("/.well-known/security.txt").status_code == 404


@pytest.mark.once
def test_manifest_is_linked_and_its_icon_exists(client, db):
    assert '<link rel="manifest" href="/static/actors/manifest.json">' in client.get("/").content.decode()
    with open(finders.find("actors/manifest.json"), encoding="utf-8") as file:  # noqa: PTH123  the finder gives a string
        manifest = json.load(file)
    assert manifest["name"] == "Actorsite" and manifest["start_url"] == "/"
    assert [finders.find(f"actors/{icon['src']}") for icon in manifest["icons"]] != [None]
