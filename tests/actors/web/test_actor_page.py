"""The page of an actor, and its canonical URL."""

import pytest

from actors.models import Actor
from actors.text.language import language_of_name

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]


def test_actor_page_shows_all_fields(client, actor):
    Actor.objects.filter(pk=actor.pk).update(biography="A samurai.\n\nAn <admiral>.")
    page = client.get(f"/actors/{actor.pk}-toshiro-mifune/").content.decode()
    assert "<title>Toshirō Mifune · Actorsite</title>" in page
    assert '<bdi lang="ja">三船敏郎</bdi>' in page
    assert '<dd><a href="/?born=1920s">1920</a></dd>' in page and "<dd>1997</dd>" in page
    assert '<a href="/?country=JP">Japan</a>' in page
    assert "<p>A samurai.</p>" in page and "<p>An &lt;admiral&gt;.</p>" in page
    actor.refresh_from_db()
    assert f'<time datetime="{actor.last_update:%Y-%m-%d}' in page


def test_actor_page_has_a_search_form(client, actor):
    page = client.get(actor.get_absolute_url()).content.decode()
    assert '<form class="search" role="search" method="get" action="/">' in page
    assert '<label class="unseen" for="q">Search by name</label>' in page


def test_actor_page_leaves_out_empty_fields(client):
    cher = Actor.objects.create(first_name="Cher")
    page = client.get(cher.get_absolute_url()).content.decode()
    assert "<h1>Cher</h1>" in page and "There is no biography yet." in page
    assert "<dl>" not in page and "None" not in page


def test_actor_page_shows_an_edit_at_once(client, actor):
    client.get(actor.get_absolute_url())
    actor.birth_year = 1921
    actor.save()
    after = client.get(actor.get_absolute_url())
    assert ">1921</a></dd>" in after.content.decode()


def test_year_without_a_decade_filter_is_not_a_link(client):
    Actor.objects.bulk_create([Actor(last_name="Molière", birth_year=1622)])
    page = client.get(Actor.objects.get().get_absolute_url()).content.decode()
    assert "<dd>1622</dd>" in page and "born=" not in page


@pytest.mark.parametrize("wrong", ["{pk}", "{pk}/", "{pk}-/", "{pk}-toshiro/", "{pk}-Toshiro-Mifune/", "{pk}-%E4/"])
def test_wrong_or_missing_slug_redirects_to_the_canonical_url(client, actor, wrong):
    response = client.get("/actors/" + wrong.format(pk=actor.pk), follow=True)
    assert response.redirect_chain[-1] == (f"/actors/{actor.pk}-toshiro-mifune/", 301)
    assert response.status_code == 200


def test_redirect_is_not_cached_by_browsers(client, actor):
    """Otherwise a name that is changed and changed back would cause a redirect loop."""
    assert client.get(f"/actors/{actor.pk}-old/")["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    ("first", "last", "slug"),
    [
        ("Łukasz", "O’Ñeil-Þórr", "lukasz-oneil-thorr"),
        ("梁朝偉", "", "梁朝偉"),
        ("Алла", "Демидова", "алла-демидова"),
        ("शाहरुख़", "ख़ान", "शाहरुख़-ख़ान"),
        ("…", "", "actor"),
        ("A/B?", "#50%", "a-b-50"),
    ],
)
def test_name_in_any_script_has_a_readable_url(client, first, last, slug):
    actor = Actor.objects.create(first_name=first, last_name=last)
    assert actor.slug == slug
    assert client.get(actor.get_absolute_url()).status_code == 200


@pytest.mark.parametrize(
    "wrong", ["0", "-1", "00", "١٢", "9" * 3900, "9" * 5000, "2147483648", "1.5", "1e3", "a", "999"]
)
def test_invalid_id_returns_404(client, actor, wrong):
    for url in (f"/actors/{wrong}/", f"/actors/{wrong}-toshiro-mifune/"):
        assert client.get(url).status_code == 404


@pytest.mark.parametrize(
    ("name", "country", "language"),
    [
        ("梁朝偉", "HK", "zh-Hant"),
        ("赵丹", "CN", "zh-Hans"),
        ("三船敏郎", "JP", "ja"),
        ("田中 きぬよ", "", "ja"),
        ("송강호", "KR", "ko"),
        ("Алла Демидова", "RU", "ru"),
        ("فاتن حمامة", "EG", "ar"),
        ("ترانه علیدوستی", "IR", "fa"),
        ("शाहरुख़ ख़ान", "IN", "hi"),
        ("Ειρήνη Παππά", "GR", "el"),
        ("Tōru", "JP", ""),
        ("", "JP", ""),
    ],
)
def test_language_of_a_native_name_depends_on_script_and_country(name, country, language):
    assert language_of_name(name, country) == language


def test_deleted_actor_returns_410_and_unknown_actor_404(client, actor):
    url = actor.get_absolute_url()
    actor.delete()
    page = client.get(url)
    assert page.status_code == 410 and "This entry was deleted." in page.content.decode()
    gone = client.get(f"{url.removesuffix('/')}.json")
    assert (gone.status_code, gone.json()["title"]) == (410, "Gone")
    page = client.get("/actors/99999-nobody/")
    assert page.status_code == 404 and "Page not found" in page.content.decode()
