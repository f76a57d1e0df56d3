"""An actor's films, and a film's page."""

import re

import pytest

from actors.models import Actor, Credit, Film

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]


@pytest.fixture
def film(actor):
    film = Film.objects.create(title="Seven Samurai", original_title="七人の侍", year=1954)
    shimura = Actor.objects.create(first_name="Takashi", last_name="Shimura", native_name="志村喬")
    Credit.objects.create(film=film, actor=shimura, character="Kambei", billing=2)
    Credit.objects.create(film=film, actor=actor, character="Kikuchiyo", billing=1)
    return film


def test_actor_and_film_pages_link_to_each_other(client, actor, film):
    Credit.objects.create(film=Film.objects.create(title="Yojimbo", year=1961), actor=actor)
    Credit.objects.create(film=Film.objects.create(title="Undated"), actor=actor)
    page = client.get(actor.get_absolute_url()).content.decode()
    assert page.index("Yojimbo") < page.index("Seven Samurai") < page.index("Undated")
    assert f'href="{film.get_absolute_url()}"' in page and "as Kikuchiyo" in page

    page = client.get(film.get_absolute_url()).content.decode()
    assert "七人の侍" in page and "1954" in page
    assert page.index("Toshirō Mifune") < page.index("Takashi Shimura")
    assert f'href="{actor.get_absolute_url()}"' in page


def test_year_on_the_film_page_links_to_its_decade(client, film):
    page = client.get(film.get_absolute_url()).content.decode()
    assert '<dd><a href="/films/?decade=1950s">1954</a></dd>' in page
    assert film.title in client.get("/films/?decade=1950s").content.decode()


def test_film_page_links_to_its_admin_form(client, admin_client, film):
    page = client.get(film.get_absolute_url()).content.decode()
    edit = re.search(r'href="(/admin/[^"]*)" rel="nofollow">Correct this entry', page)
    assert admin_client.get(edit[1]).context["original"] == film


def test_film_page_has_a_search_form(client, film):
    page = client.get(film.get_absolute_url()).content.decode()
    assert '<form class="search" role="search" method="get" action="/films/">' in page
    assert '<label class="unseen" for="q">Search by title</label>' in page


def test_film_redirects_to_its_canonical_url(client, film):
    for wrong in (f"/films/{film.pk}/", f"/films/{film.pk}-wrong/"):
        response = client.get(wrong)
        assert (response.status_code, response["Location"]) == (301, film.get_absolute_url())
    assert client.get("/films/999-nothing/").status_code == 404


def test_film_without_cast_shows_a_message(client):
    page = client.get(Film.objects.create(title="Lost").get_absolute_url()).content.decode()
    assert "The directory has no cast for this film yet." in page


def test_pages_with_many_credits_need_few_queries(client, actor, django_assert_max_num_queries):
    films = Film.objects.bulk_create(Film(title=f"Film {n}") for n in range(60))
    Credit.objects.bulk_create(Credit(actor=actor, film=film) for film in films)
    with django_assert_max_num_queries(3):
        client.get(actor.get_absolute_url())
    with django_assert_max_num_queries(3):
        client.get(films[0].get_absolute_url())


def test_film_page_url_works_for_any_title(client):
    film = Film.objects.create(title="七人の侍")
    assert client.get(film.get_absolute_url()).status_code == 200
    nameless = Film.objects.create(title="…")
    assert client.get(nameless.get_absolute_url()).status_code == 200


def test_original_title_has_the_language_of_most_cast_members(client, actor):
    film = Film.objects.create(title="Tokyo Story", original_title="東京物語")
    assert '<bdi lang="zh-Hant">東京物語' in client.get(film.get_absolute_url()).content.decode()
    for country in ("HK", "JP"):
        Credit.objects.create(film=film, actor=Actor.objects.create(last_name=country, country=country))
    Credit.objects.create(film=film, actor=actor)
    assert '<bdi lang="ja">東京物語' in client.get(film.get_absolute_url()).content.decode()
    assert '<bdi class="native" lang="ja">東京物語' in client.get(actor.get_absolute_url()).content.decode()


def test_original_title_in_latin_letters_has_no_language(client, actor):
    film = Film.objects.create(title="Breathless", original_title="À bout de souffle")
    Credit.objects.create(film=film, actor=actor)
    assert "<bdi>À bout de souffle" in client.get(film.get_absolute_url()).content.decode()
