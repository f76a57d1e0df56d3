"""Admin change lists for large tables: no counts, and pages that all cost the same."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from actors.admin import changelist, deletion
from actors.models import Actor, Change, Credit, Film, FilmChange
from actors.search import ranking
from tests import plans

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db, pytest.mark.usefixtures("root")]

ACTORS, FILMS, CHANGES = "/admin/actors/actor/", "/admin/actors/film/", "/admin/actors/change/"
LISTS = [ACTORS, FILMS, CHANGES, "/admin/actors/filmchange/"]


@pytest.fixture
def many():
    Actor.objects.bulk_create(
        Actor(first_name=f"{n:03}", last_name=("A", "B")[n % 2], country="FR", birth_year=1900) for n in range(120)
    )
    Film.objects.bulk_create(Film(title=f"Part {n:03}") for n in range(120))


def names(page):
    return [str(row) for row in page.context["cl"].result_list]


def link(page, rel):
    match = re.search(rf'<a href="([^"]+)" rel="{rel}"', page.content.decode())
    return match and match[1].replace("&amp;", "&")


def walk(client, url, rel="next"):
    """Follow the links from page to page; return the ids of all rows, and the last page."""
    page = client.get(url)
    rows = [row.pk for row in page.context["cl"].result_list]
    while forward := link(page, rel):
        page = client.get(url.partition("?")[0] + forward)
        rows += [row.pk for row in page.context["cl"].result_list]
    return rows, page


@pytest.mark.parametrize(
    ("url", "order"),
    [
        (ACTORS, "sort_last"), (f"{ACTORS}?o=-1", "-sort_last"), (f"{ACTORS}?q=b&country=FR&living=yes", "sort_last"),
        (FILMS, "sort_title"), (CHANGES, "-id"), (f"{CHANGES}?kind=%2B", "-id"), ("/admin/actors/filmchange/", "-id"),
    ],
)  # fmt: skip
@pytest.mark.slow
def test_pages_list_every_row_once_in_order(client, many, url, order):
    rows, last = walk(client, url)
    model = last.context["cl"].model
    expected = model.objects.order_by(order, "-id" if order.startswith("-") else "id")
    if "q=b" in url:
        expected = expected.search("b")
    assert rows == list(expected.values_list("pk", flat=True))
    assert len(rows) >= 60
    while back := link(last, "prev"):
        last = client.get(url.partition("?")[0] + back)
    assert [row.pk for row in last.context["cl"].result_list] == rows[:50]


def counting_queries(queries):
    """Return the queries that count rows, except the bounded count of a search."""
    return [sql for sql in queries if "COUNT(" in sql.upper().replace("COUNT(*) FROM FOUND", "")]


@pytest.mark.parametrize("url", [*LISTS, f"{ACTORS}?q=b", f"{ACTORS}?country=FR"])
def test_pages_use_neither_count_nor_offset(client, many, url):
    following = link(client.get(url), "next") or ""
    for page in (url, url.partition("?")[0] + following):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(page).status_code == 200
        statements = [query["sql"] for query in queries if "actor" in query["sql"].lower()]
        assert (
            statements
            and not counting_queries(statements)
            and not [sql for sql in statements if "OFFSET" in sql.upper()]
        )


def test_autocompletion_pages_use_no_count(client, many):
    seen = []
    for number in range(1, 8):
        query = f"term=a&app_label=actors&model_name=credit&field_name=actor&page={number}"
        with CaptureQueriesContext(connection) as queries:
            response = client.get(f"/admin/autocomplete/?{query}").json()
        assert not counting_queries(query["sql"] for query in queries)
        seen += [row["id"] for row in response["results"]]
        if not response["pagination"]["more"]:
            break
    assert len(seen) == len(set(seen)) == 60
    for number in ("0", "51", "x", "9" * 30):
        url = f"/admin/autocomplete/?term=a&app_label=actors&model_name=credit&field_name=actor&page={number}"
        assert client.get(url).status_code == 404


def test_cursor_of_another_list_returns_400(client, many):
    following = link(client.get(ACTORS), "next")
    assert client.get(f"{ACTORS}{following}").status_code == 200
    token = following.partition("after=")[2]
    for query in (
        f"after={token}x",
        "after=x",
        f"country=FR&after={token}",
        f"o=-1&after={token}",
        f"before={token}&q=a",
    ):
        assert client.get(f"{ACTORS}?{query}").status_code == 400, query
    assert client.get(f"{FILMS}?after={token}").status_code == 400
    assert client.get(f"{ACTORS}?after={'x' * 6000}").status_code == 400


def test_cursor_is_removed_from_filter_links_and_kept_in_forms(client, many):
    page = client.get(f"{ACTORS}{link(client.get(ACTORS), 'next')}")
    content = page.content.decode()
    filters = re.findall(r'<a href="(\?[^"]*living[^"]*)"', content)
    assert filters and not [url for url in filters if "after" in url]
    assert "_changelist_filters=after%3D" in content


def test_first_page_is_shown_if_rows_of_the_page_were_deleted(client, many):
    following = link(client.get(ACTORS), "next")
    Actor.objects.filter(last_name="B").delete()
    Actor.objects.filter(first_name__gt="080").delete()
    assert names(client.get(f"{ACTORS}{following}"))[0] == "000 A"


@pytest.mark.parametrize(("url", "searched"), [(ACTORS, True), (FILMS, True), (CHANGES, False)])
def test_search_box_is_shown_only_for_searchable_lists(client, url, searched):
    page = client.get(url).content.decode()
    assert ('id="searchbar"' in page) is searched and ">None<" not in page


def test_empty_list_shows_no_results_message(client):
    page = client.get(f"{ACTORS}?q=nobody")
    assert page.status_code == 200 and "No results." in page.content.decode()


def test_delete_confirmation_lists_at_most_100_credits(client, actor):
    films = Film.objects.bulk_create(Film(title=f"Part {n:04}") for n in range(1_200))
    Credit.objects.bulk_create(Credit(actor=actor, film=film) for film in films)
    with CaptureQueriesContext(connection) as queries:
        page = client.get(f"{ACTORS}{actor.pk}/delete/").content.decode()
    assert page.count("Part ") == 100 and "… and more" in page and "&gt; 1000" in page
    assert len(queries) < 15
    selected = client.post(ACTORS, {"action": "delete_selected", "_selected_action": actor.pk, "select_across": "1"})
    assert selected.content.decode().count("Part ") == 100
    Film.objects.filter(pk=films[0].pk).update(title="Kept apart")
    assert "Kept apart" in client.get(f"{FILMS}{films[0].pk}/delete/").content.decode()


@pytest.mark.parametrize("parts", [0, 1, 2, 3, 4, 5, 6])
def test_delete_confirmation_counts_credits_up_to_a_limit(actor, monkeypatch, parts):
    monkeypatch.setattr(deletion, "MAX_LISTED_CREDITS", 3)
    monkeypatch.setattr(deletion, "MAX_COUNTED_CREDITS", 5)
    for n in range(parts):
        Credit.objects.create(actor=actor, film=Film.objects.create(title=f"Part {n} <&>", year=1950), character="<b>")
    listed, numbers, *_rest = deletion.deleted_objects_with_credits([actor], "actor")
    assert listed[0] == f'actor: <a href="{ACTORS}{actor.pk}/change/">Toshirō Mifune</a>'
    assert numbers == {"actors": 1} | ({"credits": "> 5" if parts > 5 else parts} if parts else {})
    with_them = [f"Toshirō Mifune: <b> (Part {n} <&> (1950))" for n in range(parts)][:3]
    assert listed[1:] == ([with_them + (["… and more"] if parts > 3 else [])] if parts else [])
    assert deletion.deleted_objects_with_credits([], "actor") == ([], {}, set(), [])


def test_select_all_across_pages_is_ignored(client, many):
    one = Actor.objects.first()
    page = client.post(ACTORS, {"action": "delete_selected", "_selected_action": one.pk, "select_across": "1"})
    assert page.content.decode().count('name="_selected_action"') == 1
    assert Change.objects.filter(kind="-").count() == 0 and FilmChange.objects.filter(kind="-").count() == 0


# A search reads at most as many rows as the public search


def test_search_for_a_common_word_lists_best_results_and_exports_all(client, many, monkeypatch):
    for module in (ranking, changelist):
        monkeypatch.setattr(module, "MAX_RANKED", 10)
    page = client.get(f"{ACTORS}?q=b")
    assert len(names(page)) == 10 and "Only the best 10 matches are shown" in page.content.decode()
    term = "term=b&app_label=actors&model_name=credit&field_name=actor"
    assert len(client.get(f"/admin/autocomplete/?{term}").json()["results"]) == 10
    exported = b"".join(client.get(f"{ACTORS}export/csv/?q=b").streaming_content)
    assert exported.count(b"\n") == 61
    assert "Only the best" not in client.get(f"{ACTORS}?q=119").content.decode()


def test_search_is_limited_by_filters_before_ranking(client, many, monkeypatch):
    Actor.objects.create(first_name="Zoë", last_name="B", country="JP", death_year=2000)
    Actor.objects.create(first_name="Zoë", last_name="B", country="")
    monkeypatch.setattr(ranking, "MAX_RANKED", 10)
    # The actors from Japan and the deceased ones are not among the first ten of sixty.
    for chosen in ("country=JP", "living=no", "country=JP&living=no&missing=biography"):
        assert names(client.get(f"{ACTORS}?q=b&{chosen}")) == ["Zoë B"], chosen
    assert names(client.get(f"{ACTORS}?q=zoe&country=none")) == ["Zoë B"]


def test_search_without_letters_finds_no_actors(client, many):
    assert names(client.get(f"{ACTORS}?q=!!")) == []
    assert b"".join(client.get(f"{ACTORS}export/csv/?q=!!").streaming_content).count(b"\n") == 1


@pytest.mark.postgresql
@pytest.mark.parametrize(
    ("missing", "index"),
    [
        ("birth_year", "actor_birth_year"), ("native_name", "actor_no_native_name"),
        ("biography", "actor_no_biography"),
    ],
)  # fmt: skip
def test_missing_field_filter_uses_an_index(client, missing, index):
    plans.fill(index)
    Actor.objects.update(birth_year=1900, native_name="N", biography="Known.")
    lacking = list(Actor.objects.all()[1_000:1_003])
    for actor in lacking:
        actor.birth_year, actor.native_name, actor.biography = None, "", ""
        actor.save()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE actor")
    page = client.get(f"{ACTORS}?missing={missing}").context["cl"]
    assert [actor.pk for actor in page.result_list] == [actor.pk for actor in lacking]
    assert index in page.queryset[:51].explain()


def test_film_search_lists_best_results_and_exports_all(client, monkeypatch):
    for title in ("Samurai Rebellion", "Samurai", "Zatoichi the Samurai"):
        Film.objects.create(title=title)
    assert "Samurai" not in client.get(f"{FILMS}?q=!!!").content.decode()
    for module in (ranking, changelist):
        monkeypatch.setattr(module, "MAX_RANKED", 2)
    page = client.get(f"{FILMS}?q=samurai").content.decode()
    assert "Samurai Rebellion" in page and "Zatoichi" not in page and "Only the best 2 matches are shown" in page
    assert len(b"".join(client.get(f"{FILMS}export/csv/?q=samurai").streaming_content).splitlines()) == 4
