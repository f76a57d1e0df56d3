"""The list of actors: rows, search, filters, pages and messages."""

import re
from html import unescape

import pytest
from django.db import connection

from actors.models import Actor

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]


def names(response):
    """Return the names on the page, in order."""
    rows = re.findall(r'<li>\s*<a href="/actors/[^"]*">(.*?)</a>', response.content.decode(), re.DOTALL)
    return [" ".join(re.sub(r"<.*?>", "", row).split()) for row in rows]


def choices(page, name):
    """Return the (value, text) of each option of the select ``name``, in order."""
    menu = re.search(rf'<select id="{name}" name="{name}">(.*?)</select>', page, re.DOTALL)
    return [
        (value, unescape(text))
        for value, text in re.findall(r'<option value="([^"]*)"[^>]*>(.*?)</option>', menu[1] if menu else "")
    ]


def chosen(page):
    """Return the selected values of each select, by name."""
    menus = re.findall(r'<select id="\w+" name="(\w+)">(.*?)</select>', page, re.DOTALL)
    return {name: re.findall(r'<option value="([^"]*)" selected>', options) for name, options in menus}


@pytest.fixture
def cast():
    """Create Maggie Cheung, Tony Leung, Penélope Cruz, Tom Cruise, Cher and Fatin Hamama."""
    Actor.objects.bulk_create(
        Actor(first_name=first, last_name=last, native_name=native, birth_year=birth, death_year=death, country=country)
        for first, last, native, birth, death, country in (
            ("Maggie", "Cheung", "張曼玉", 1964, None, "HK"),
            ("Tony", "Leung", "梁朝偉", 1962, None, "HK"),
            ("Penélope", "Cruz", "", 1974, None, "ES"),
            ("Tom", "Cruise", "", None, None, "US"),
            ("Cher", "", "", 1946, None, "US"),
            ("Faten", "Hamama", "فاتن حمامة", 1931, 2015, "EG"),
        )
    )


def test_list_shows_all_actors_by_last_name(client, cast):
    response = client.get("/")
    assert response.status_code == 200
    assert names(response) == [
        "Cher",
        "Maggie Cheung",
        "Tom Cruise",
        "Penélope Cruz",
        "Faten Hamama",
        "Tony Leung",
    ]
    assert "6 actors" in response.content.decode()


def test_list_can_be_sorted_by_first_name(client, cast):
    assert names(client.get("/?sort=first"))[:3] == ["Cher", "Faten Hamama", "Maggie Cheung"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=cruz", ["Penélope Cruz"]),
        ("q=PENELOPE", ["Penélope Cruz"]),
        ("q=%E6%A2%81", ["Tony Leung"]),
        ("q=cru&country=US", ["Tom Cruise"]),
        ("country=HK", ["Maggie Cheung", "Tony Leung"]),
        ("living=no", ["Faten Hamama"]),
        ("living=yes&country=EG", []),
        ("q=---", []),
    ],
)
def test_list_can_be_searched_and_filtered(client, cast, query, found):
    assert names(client.get(f"/?{query}")) == found


def test_row_shows_native_name_years_and_country(client, cast):
    page = client.get("/?country=EG").content.decode()
    assert '<bdi class="native" lang="ar">فاتن حمامة</bdi>' in page
    assert "1931–2015" in page and '<span class="country">Egypt</span>' in page
    page = client.get("/?country=HK").content.decode()
    assert '<bdi class="native" lang="zh-Hant">張曼玉</bdi>' in page and "born 1964" in page


def test_filters_can_be_removed_one_by_one(client, cast):
    page = client.get("/?q=cr&country=ES&living=yes").content.decode()
    for rest in ("?country=ES&amp;living=yes", "?q=cr&amp;living=yes", "?q=cr&amp;country=ES"):
        assert f'<a href="./{rest}"><span class="unseen">Remove</span>' in page


def test_only_countries_of_actors_are_offered(client, cast):
    page = client.get("/").content.decode()
    assert choices(page, "country") == [
        ("", "All"), ("EG", "Egypt (1)"), ("HK", "Hong Kong (2)"), ("ES", "Spain (1)"),
        ("US", "United States of America (2)"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "canonical"),
    [
        ("?sort=last", ""),
        ("?sort=first&q=cruz", "?q=cruz&amp;sort=first"),
        ("?q=++tony+%20leung+&utm_source=letter&utm_source=mail", "?q=tony+leung"),
        ("?q=Pene%CC%81lope", "?q=Pen%C3%A9lope"),
        ("?living=no&country=EG", "?country=EG&amp;living=no"),
    ],
)
def test_each_view_has_one_canonical_url(client, cast, asked, canonical):
    page = client.get(f"/{asked}")
    assert f'<link rel="canonical" href="http://testserver/{canonical}">' in page.content.decode()
    assert page.content == client.get(f"/{canonical}".replace("&amp;", "&")).content


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("country=jp", "country must be a two-letter ISO 3166-1 code"),
        ("country=ZZ", "country must be a two-letter ISO 3166-1 code"),
        ("living=maybe", "living must be yes or no"),
        ("sort=age", "sort must be last or first"),
        ("q=" + "x" * 201, "q must be at most 200 characters long; it has 201"),
        ("q=a&q=b", "q is given more than once"),
        ("sort=last&sort=last", "sort is given more than once"),
        ("after=x", "after must be copied from a link"),
        ("before=" + "x" * 2000, "before must be copied from a link"),
        ("after=x&before=y", "after and before cannot be given together"),
    ],
)
def test_invalid_parameter_returns_400_with_the_allowed_values(client, query, message):
    response = client.get(f"/?{query}")
    assert response.status_code == 400
    assert message in response.content.decode()


def test_all_invalid_parameters_are_named_at_once(client):
    page = client.get("/?q=a&q=b&sort=age&living=maybe").content.decode()
    for message in ("q is given", "sort must", "living must"):
        assert message in page


def test_query_of_200_characters_is_accepted(client):
    assert client.get("/?q=" + "%E6%A2%81" * 200).status_code == 200


def test_empty_result_shows_names_near_in_the_alphabet(client, cast):
    page = client.get("/?q=penelope+crux&sort=last")
    assert "No actors found" in page.content.decode()
    assert names(page)[0] == "Penélope Cruz"
    assert 'href="/">Show all actors' in page.content.decode()


def test_empty_directory_shows_a_message(client):
    assert "The directory is empty" in client.get("/").content.decode()
    assert "No actors found" in client.get("/?living=no").content.decode()


@pytest.fixture
def crowd():
    Actor.objects.bulk_create(
        Actor(first_name=f"Ann {n:03}", last_name="Brown", country="GB", death_year=None if n % 2 else 1990)
        for n in range(250)
    )


@pytest.mark.parametrize("path", ["/actors/", "/actors"])
def test_actors_url_redirects_to_the_list(client, cast, path):
    for query in ("", "?q=cr%C3%BCz&country=ES"):
        response = client.get(path + query, follow=True)
        assert response.redirect_chain[-1] == (f"/{query}", 301)
        assert {status for _url, status in response.redirect_chain} == {301}
    assert client.post("/actors/").status_code == 405


def test_pages_of_a_filtered_list_link_to_each_other(client, crowd):
    url, seen = "/?country=GB&sort=first&living=no", []
    while url:
        page = client.get(url)
        seen += names(page)
        assert "125 actors" in page.content.decode()
        following = re.search(r'<a rel="next" href="\./([^"]*)"', page.content.decode())
        url = following and "/" + following[1].replace("&amp;", "&")
    assert seen == [f"Ann {n:03} Brown" for n in range(0, 250, 2)]


def test_cursor_is_valid_for_its_own_list_only(client, crowd):
    token = re.search(r"after=([^\"]*)", client.get("/").content.decode())[1]
    assert client.get(f"/?after={token}").status_code == 200
    for other in ("sort=first", "q=ann", "living=yes"):
        assert client.get(f"/?{other}&after={token}").status_code == 400


def test_second_page_links_back_to_the_first_page(client, crowd):
    second = re.search(r'rel="next" href="\.([^"]*)"', client.get("/").content.decode())[1]
    previous = re.search(r'<a rel="prev" href="\.([^"]*)"', client.get(second).content.decode())[1]
    assert client.get(previous, follow=True).redirect_chain == [("./", 302)]


def test_title_and_heading_show_filter_and_range(client, crowd):
    page = client.get("/?country=GB&sort=first").content.decode()
    assert "<title>United Kingdom · Ann 000 – Ann 049 · Actors · Actorsite</title>" in page
    assert "<bdi>Ann 000 – Ann 049</bdi>" in page


def test_front_page_title_names_the_directory(client, crowd):
    first = client.get("/").content.decode()
    assert "<title>Actors · Actorsite</title>" in first and "<bdi>Brown – Brown</bdi>" in first
    second = re.search(r'rel="next" href="\.([^"]*)"', first)[1]
    assert "<title>Brown – Brown · Actors · Actorsite</title>" in client.get(second).content.decode()


def test_masthead_marks_the_directory_in_a_filtered_list(client, cast):
    for query, here in {"": "page", "?q=cr": "true", "?country=HK&living=yes": "true", "?q=xyzzy": "true"}.items():
        masthead = client.get(f"/{query}").content.decode().split("</header>")[0]
        assert f'<a href="/" aria-current="{here}">Directory</a>' in masthead
        assert masthead.count("aria-current") == 1


def test_count_stops_at_the_limit(client, crowd, monkeypatch):
    monkeypatch.setattr("actors.web.views.MAX_COUNTED", 249)
    assert "More than 249 actors" in client.get("/").content.decode()


def test_first_page_needs_two_queries_and_others_need_five(client, crowd, django_assert_max_num_queries):
    """The page cache adds one query, for the data version."""
    with django_assert_max_num_queries(2):
        page = client.get("/").content.decode()
    token = re.search(r"after=([^\"]*)", page)[1]
    narrowed = "country=GB&sort=first&living=yes"
    queries = [f"after={token}", "letter=b", "sort=first&letter=a", narrowed, f"{narrowed}&letter=a", "country=FR"]
    queries += [f"{narrowed}&born=1950s", "q=ann", f"q=ann&{narrowed}", "q=brown+ann&sort=last"]
    # Searches without results also look up suggestions.
    queries += ["q=nobody", f"q=nobody&{narrowed}", "q=brwon", "q=brwon+anm", "q=anm+brwon+nobdy+brwn&living=no"]
    for query in queries:
        with django_assert_max_num_queries(5):
            assert client.get(f"/?{query}").status_code == 200


def test_filters_are_not_offered_for_a_search_with_one_page(client, crowd):
    def narrows(url):
        return bool(choices(client.get(url).content.decode(), "living"))

    assert narrows("/") and narrows("/?q=ann") and narrows("/?q=ann+000&living=no")
    assert not narrows("/?q=ann+000") and not narrows("/?q=nobody")


def test_names_are_escaped(client):
    Actor.objects.create(first_name="<script>alert(1)</script>", last_name='"><b>', native_name="<i>", country="GB")
    for url in ("/", "/?q=%3Cscript%3E%22", "/spotlight/"):
        page = client.get(url).content.decode()
        assert "<script" not in page and '"><b>' not in page and "<i>" not in page


def test_change_by_sql_is_shown_on_the_next_request(client, cast):
    client.get("/")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE actor SET last_name = 'Cheong' WHERE last_name = 'Cheung'")
    page = client.get("/")
    assert page.status_code == 200 and "Maggie Cheong" in names(page)


def test_countries_are_sorted_in_the_visitors_language(client):
    Actor.objects.bulk_create(Actor(first_name="A", country=code) for code in ("US", "AX", "CN", "EG", "DE"))

    def order(language):
        page = client.get("/", headers={"accept-language": language}).content.decode()
        return [code for code, _name in choices(page, "country")][1:]

    assert order("en") == ["AX", "CN", "EG", "DE", "US"]
    # 埃及 aījí, 奥兰 àolán, 德国 déguó, 美国 měiguó, 中国 zhōngguó
    assert order("zh-hans") == ["EG", "AX", "DE", "US", "CN"]
