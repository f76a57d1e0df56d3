"""The form that searches, filters and sorts a list, and its cached fragment."""

import re

import pytest
from django.core.cache import caches
from django.db import connection

from actors.models import Actor, Film
from tests.actors.web.test_actor_list import choices, chosen
from tests.wsgi import Site


@pytest.fixture
def people(db):
    Actor.objects.bulk_create(
        Actor(first_name=name, last_name="Lee", country=country, birth_year=year, death_year=death)
        for name, country, year, death in (
            ("Ann", "GB", 1940, None),
            ("Bob", "GB", 1955, 2001),
            ("Cho", "KR", 1958, None),
            ("Dan", "", None, None),
        )
    )


@pytest.fixture
def films(db):
    Film.objects.bulk_create(Film(title=title, year=year) for title, year in (("A", 1954), ("B", 1958), ("C", 1960)))


def page(client, url, **headers):
    response = client.get(url, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def form(html):
    """Return the search form of a page."""
    return re.search(r'<form class="search".*?</form>', html, re.DOTALL)[0]


def fragments():
    """Return the cache keys of the fragments with filter options, without those that are the same on all pages."""
    return [key for key in caches["template_fragments"]._cache if ".selects." in key]


def test_actor_filter_options_show_counts(client, people):
    html = page(client, "/")
    assert choices(html, "country") == [("", "All"), ("KR", "South Korea (1)"), ("GB", "United Kingdom (2)")]
    assert choices(html, "living") == [("", "All (4)"), ("yes", "Living (3)"), ("no", "Deceased (1)")]
    assert choices(html, "born") == [("", "All"), ("1950s", "1950s (2)"), ("1940s", "1940s (1)")]
    assert choices(html, "sort") == [("", "By last name"), ("first", "By first name")]
    assert chosen(html) == {"country": [""], "living": [""], "born": [""], "sort": [""]}


def test_film_filter_options_show_counts(client, films):
    html = page(client, "/films/")
    assert choices(html, "decade") == [("", "All"), ("1960s", "1960s (1)"), ("1950s", "1950s (2)")]
    assert choices(html, "sort") == [("", "By title"), ("year", "Newest first")]


def test_filter_options_without_results_are_omitted_unless_chosen(client, people):
    html = page(client, "/?country=KR&living=no")
    assert choices(html, "country") == [("", "All"), ("KR", "South Korea (0)"), ("GB", "United Kingdom (1)")]
    assert choices(html, "born") == []
    assert chosen(html) == {"country": ["KR"], "living": ["no"], "sort": [""]}


@pytest.mark.parametrize("condition", ["born=1850s", "country=AQ", "country=FR"])
def test_chosen_option_is_kept_if_no_actor_has_it(client, people, condition):
    name, value = condition.split("=")
    assert chosen(page(client, f"/?{condition}"))[name] == [value]


def test_filter_link_has_the_country_name_without_extra_spaces(client, people):
    """The Chinese translation of django-countries has a space before this name."""
    html = page(client, "/?country=SJ", accept_language="zh-hans")
    chips = re.search(r'<ul class="chips".*?</ul>', html, re.DOTALL)[0]
    assert re.findall("<bdi>(.*?)</bdi>", chips) == ["斯瓦尔巴群岛和扬马延岛"]


def test_filter_options_of_a_search_show_no_counts(client, people):
    html = page(client, "/?q=lee&country=GB")
    assert choices(html, "country") == [("", "All"), ("KR", "South Korea"), ("GB", "United Kingdom")]
    assert choices(html, "sort") == [("", "Best match"), ("last", "By last name"), ("first", "By first name")]


def test_unknown_country_code_is_not_offered(client, people):
    Actor.objects.filter(country="KR").update(country='">')
    html = page(client, "/")
    assert [value for value, _text in choices(html, "country")] == ["", "GB"] and '"">' not in form(html)


def test_filter_form_has_labels_and_a_submit_button(client, people):
    for url in ("/", "/?q=lee"):
        html = form(page(client, url))
        fields = re.findall(r'<(?:select|input) id="(\w+)" name="(\w+)"', html)
        assert fields and all(field == name and f'<label for="{field}">' in html for field, name in fields)
        assert html.count('<button type="submit">') == 2 and "<script" not in html


def test_filter_form_fields_have_the_order_of_the_canonical_url(client, people, films):
    for url, names in (
        ("/", ["q", "country", "living", "born", "sort"]),
        ("/films/", ["q", "decade", "sort"]),
    ):
        assert re.findall(r' name="(\w+)"', form(page(client, url))) == names


def test_filter_form_with_few_results_keeps_other_filters(client, people):
    html = form(page(client, "/?q=nobody&country=GB"))
    assert re.findall(r'<input type="hidden" name="(\w+)" value="(\w+)">', html) == [("country", "GB")]
    assert re.findall(r' name="(\w+)"', html) == ["q", "country", "sort"]


@pytest.mark.parametrize(
    ("submitted", "canonical"),
    [
        ("/?q=&country=&living=&born=&sort=", "./"),
        ("/?q=&country=GB&living=&born=&sort=first", "./?country=GB&sort=first"),
        ("/?q=lee&country=&living=yes&born=1950s&sort=last", "./?q=lee&living=yes&born=1950s&sort=last"),
        ("/?q=", "./"),
        ("/films/?q=&decade=1950s&sort=", "./?decade=1950s"),
        ("/films/?q=&decade=&sort=year&utm=x", "./?sort=year"),
    ],
)
def test_submitted_form_redirects_to_the_canonical_url(client, people, films, submitted, canonical):
    response = client.get(submitted)
    assert (response.status_code, response["Location"], response["Cache-Control"]) == (302, canonical, "no-cache")
    landed = client.get(submitted, follow=True)
    assert len(landed.redirect_chain) == 1 and landed.status_code == 200


def test_submitted_form_with_invalid_value_returns_400(client, people):
    assert client.get("/?q=&country=ZZ&living=&born=&sort=").status_code == 400


def test_query_with_empty_fields_returns_data_without_redirect(client, people):
    assert client.get("/actors.json?q=&country=GB&living=").json()["total"] == 2


@pytest.mark.django_db(transaction=True)
def test_fragment_is_rendered_again_after_data_changes(people):
    site = Site()

    def countries(url):
        return [text for _code, text in choices(site.get(url)[2].decode(), "country")]

    # None of the URLs is canonical, so that the page cache stores no page.
    assert countries("/?x=1") == countries("/?x=2") == ["All", "South Korea (1)", "United Kingdom (2)"]
    assert len(fragments()) == 1
    with connection.cursor() as cursor:
        cursor.execute("UPDATE actor SET country = 'FR' WHERE country = 'KR'")
    assert countries("/?x=3") == ["All", "France (1)", "United Kingdom (2)"]


@pytest.mark.django_db(transaction=True)
def test_fragment_is_cached_for_each_language_and_view(people):
    site = Site()
    urls = ("/?x", "/?country=GB&x", "/?country=GB&sort=first&x", "/?q=l&country=GB&x", "/films/?x")
    shown = {
        (url, language): form(site.get(url, {"Accept-Language": language})[2].decode())
        for _twice in range(2)
        for url in urls
        for language in ("en", "zh-CN")
    }
    assert len(fragments()) == len(set(shown.values())) == len(urls) * 2
    assert "筛选和排序" in shown["/?x", "zh-CN"] and "英国 (2)" in shown["/?x", "zh-CN"]


def test_fragment_is_not_cached_without_a_data_version(client, people):
    first = choices(page(client, "/"), "country")
    Actor.objects.filter(country="KR").update(country="FR")
    second = choices(page(client, "/"), "country")
    assert ("KR", "South Korea (1)") in first and ("FR", "France (1)") in second


def test_number_of_cached_fragments_is_bounded():
    assert 0 < caches["template_fragments"]._max_entries <= 128
