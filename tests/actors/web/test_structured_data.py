"""Structured data (JSON-LD and Open Graph) on the pages of actors and films."""

import json
import re

import pytest

from actors.models import Actor, Credit, Film

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]


@pytest.fixture
def film(actor):
    film = Film.objects.create(title="Seven Samurai", original_title="七人の侍", year=1954)
    Credit.objects.create(film=film, actor=actor, character="Kikuchiyo", billing=1)
    Credit.objects.create(film=film, actor=Actor.objects.create(first_name="Extra"), billing=2)
    return film


def json_ld(client, subject):
    page = client.get(subject.get_absolute_url()).content.decode()
    (text,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    return json.loads(text)


def cards(client, subject):
    page = client.get(subject.get_absolute_url()).content.decode()
    return dict(re.findall(r'<meta (?:name|property)="([^"]+)" content="([^"]*)">', page))


def test_actor_page_has_json_ld_of_the_person(client, actor, film):
    url = f"http://testserver{actor.get_absolute_url()}"
    movie = json_ld(client, actor)["@reverse"]["actor"][0]
    assert json_ld(client, actor) == {
        "@context": "https://schema.org",
        "@type": "Person",
        "@id": url,
        "url": url,
        "name": "Toshirō Mifune",
        "givenName": "Toshirō",
        "familyName": "Mifune",
        "alternateName": ["三船敏郎"],
        "birthDate": "1920",
        "deathDate": "1997",
        "nationality": {"@type": "Country", "name": "Japan"},
        "@reverse": {"actor": [movie]},
    }
    assert (movie["@type"], movie["name"], movie["datePublished"]) == ("Movie", "Seven Samurai", "1954")
    assert movie["url"] == f"http://testserver{film.get_absolute_url()}"


def test_json_ld_leaves_out_empty_fields(client):
    cher = Actor.objects.create(first_name="Cher")
    assert set(json_ld(client, cher)) == {"@context", "@type", "@id", "url", "name", "givenName"}
    assert "og:description" not in cards(client, cher)


def test_film_page_has_json_ld_of_film_and_cast(client, actor, film):
    response = json_ld(client, film)
    assert (response["@type"], response["alternateName"], response["datePublished"]) == ("Movie", "七人の侍", "1954")
    first, second = response["actor"]
    assert (first["@type"], first["characterName"]) == ("PerformanceRole", "Kikuchiyo")
    assert first["actor"]["url"] == f"http://testserver{actor.get_absolute_url()}"
    assert (second["@type"], second["name"]) == ("Person", "Extra")


@pytest.mark.parametrize("text", ["</script><script>alert(1)</script>", "<!--<script>", "a & b", '"\\'])
def test_json_ld_text_cannot_end_the_script_element(client, text):
    actor = Actor.objects.create(first_name=text, biography=f"{text}\n\n{text}")
    page = client.get(actor.get_absolute_url()).content.decode()
    assert json_ld(client, actor)["description"] == f"{text}\n\n{text}"
    assert page.count("<script") == page.count("</script") == 1
    assert "<!--" not in page


def test_shared_link_has_title_and_description(client, actor, film):
    Actor.objects.update(biography="An actor.\n\n" + "Of many films. " * 100)
    card = cards(client, actor)
    assert (card["og:type"], card["og:title"]) == ("profile", "Toshirō Mifune")
    assert card["og:url"] == f"http://testserver{actor.get_absolute_url()}"
    assert card["og:description"].startswith("三船敏郎 · 1920–1997 · Japan. An actor. Of many films.")
    assert card["og:description"] == card["description"] and len(card["description"]) == 200
    card = cards(client, film)
    assert (card["og:type"], card["og:title"]) == ("video.movie", "Seven Samurai (1954)")
    assert card["og:description"] == "七人の侍 · 1954. Toshirō Mifune, Extra"


def test_shared_link_has_the_site_image(client, actor, film):
    """The image has 1200 × 630 pixels, and its URL is absolute."""
    for url in ("/", actor.get_absolute_url(), film.get_absolute_url()):
        page = client.get(url).content.decode()
        card = dict(re.findall(r'<meta (?:name|property)="([^"]+)" content="([^"]*)">', page))
        assert card["og:image"] == "http://testserver/static/actors/card.png"
        response = client.get(card["og:image"].removeprefix("http://testserver"))
        picture = b"".join(response)
        assert (response.headers["Content-Type"], picture[:8]) == ("image/png", b"\x89PNG\r\n\x1a\n")
        size = tuple(int.from_bytes(picture[at : at + 4]) for at in (16, 20))
        assert size == (int(card["og:image:width"]), int(card["og:image:height"])) == (1200, 630)
