"""The API's documentation at /api/."""

import html
import re
import shlex

import pytest

from actors.api import openapi
from actors.models import Actor, Film

pytestmark = pytest.mark.django_db


def test_documented_curl_commands_succeed(client, actor):
    Film.objects.create(title="Seven Samurai")
    page = client.get("/api/").content.decode()
    lines = [shlex.split(html.unescape(line)) for line in re.findall(r"<pre><code>(.*?)</code></pre>", page)]
    assert len(lines) == len(openapi.description()["paths"])
    for command, url in lines:
        assert (command, client.get(url).status_code) == ("curl", 200), url


def test_parameters_and_fields_are_documented(client):
    page = client.get("/api/").content.decode()
    described = openapi.description()
    names = {parameter["name"] for item in described["paths"].values() for parameter in item["get"]["parameters"]}
    for schema in ("Actor", "Film", "Credit", "ActorPage", "FilmPage"):
        names |= set(described["components"]["schemas"][schema]["properties"])
    assert [name for name in sorted(names - {"slug"}) if f"<dt><code>{name}</code></dt>" not in page] == []


def test_api_page_is_translated_and_linked_in_the_footer(client):
    page = client.get("/api/", headers={"Accept-Language": "zh-CN"}).content.decode()
    assert "演员，每页 50 位" in page and "出生年份" in page
    assert '<a href="/api/">Data and API</a>' in client.get("/").content.decode()


def test_api_page_loads_nothing_from_other_hosts(client):
    assert not re.findall(
        r'(?:src|<link rel="(?:stylesheet|preload)"[^>]*href)="(?:https?:)?//', client.get("/api/").content.decode()
    )


def test_list_page_links_to_its_data(client, actor):
    page = html.unescape(client.get("/?q=mifune&country=JP").content.decode())
    for kind, name in (("application/json", "json"), ("text/csv", "csv"), ("application/x-ndjson", "ndjson")):
        url = f"/actors.{name}?q=mifune&country=JP"
        assert f'<link rel="alternate" type="{kind}" href="{url}">' in page
        assert f'<a href="{url}">{name.upper()}</a>' in page
        assert client.get(url).status_code == 200


def test_json_link_has_this_page_and_stream_links_have_all_rows(client, db):
    Actor.objects.bulk_create(Actor(first_name=f"Number {n:03}") for n in range(60))
    first = client.get("/").content.decode()
    later = html.unescape(client.get(re.search(r'rel="next" href="\.(/[^"]+)"', first)[1]).content.decode())
    record = client.get(re.search(r'type="application/json" href="([^"]+)"', later)[1]).json()
    assert [actor["first_name"] for actor in record["actors"]] == [f"Number {n:03}" for n in range(50, 60)]
    assert 'href="/actors.csv"' in later
