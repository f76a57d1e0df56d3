"""The admin's lists of what there may be millions of: no counts, and pages that cost the same."""

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
    found = re.search(rf'<a href="([^"]+)" rel="{rel}"', page.content.decode())
    return found and found[1].replace("&amp;", "&")


def walk(client, address, rel="next"):
    """Return all the rows, page by page, following the links."""
    page = client.get(address)
    rows = [row.pk for row in page.context["cl"].result_list]
    while forward := link(page, rel):
        page = client.get(address.partition("?")[0] + forward)
        rows += [row.pk for row in page.context["cl"].result_list]
    return rows, page


@pytest.mark.parametrize(
    ("address", "order"),
    [
        (ACTORS, "sort_last"), (f"{ACTORS}?o=-1", "-sort_last"), (f"{ACTORS}?q=b&country=FR&living=yes", "sort_last"),
        (FILMS, "sort_title"), (CHANGES, "-id"), (f"{CHANGES}?kind=%2B", "-id"), ("/admin/actors/filmchange/", "-id"),
    ],
)  # fmt: skip
def test_every_row_is_on_one_page_in_order(client, many, address, order):
    rows, last = walk(client, address)
    model = last.context["cl"].model
    expected = model.objects.order_by(order, "-id" if order.startswith("-") else "id")
    if "q=b" in address:
        expected = expected.search("b")
    assert rows == list(expected.values_list("pk", flat=True))
    assert len(rows) >= 60
    while back := link(last, "prev"):
        last = client.get(address.partition("?")[0] + back)
    assert [row.pk for row in last.context["cl"].result_list] == rows[:50]


def counting(said):
    """The queries that count more than the bounded number that a search looks at."""
    return [sql for sql in said if "COUNT(" in sql.upper().replace("COUNT(*) FROM FOUND", "")]


@pytest.mark.parametrize("address", [*LISTS, f"{ACTORS}?q=b", f"{ACTORS}?country=FR"])
def test_nothing_is_counted_and_nothing_skipped(client, many, address):
    following = link(client.get(address), "next") or ""
    for page in (address, address.partition("?")[0] + following):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(page).status_code == 200
        said = [query["sql"] for query in queries if "actor" in query["sql"].lower()]
        assert said and not counting(said) and not [sql for sql in said if "OFFSET" in sql.upper()]


def test_autocompletion_counts_nothing_and_goes_on(client, many):
    seen = []
    for number in range(1, 8):
        query = f"term=a&app_label=actors&model_name=credit&field_name=actor&page={number}"
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(f"/admin/autocomplete/?{query}").json()
        assert not counting(query["sql"] for query in queries)
        seen += [row["id"] for row in answer["results"]]
        if not answer["pagination"]["more"]:
            break
    assert len(seen) == len(set(seen)) == 60
    for number in ("0", "51", "x", "9" * 30):
        address = f"/admin/autocomplete/?term=a&app_label=actors&model_name=credit&field_name=actor&page={number}"
        assert client.get(address).status_code == 404


def test_a_link_holds_in_its_own_list_only(client, many):
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


def test_links_to_filters_begin_at_their_first_page_and_forms_lead_back_to_this_one(client, many):
    page = client.get(f"{ACTORS}{link(client.get(ACTORS), 'next')}")
    content = page.content.decode()
    filters = re.findall(r'<a href="(\?[^"]*living[^"]*)"', content)
    assert filters and not [address for address in filters if "after" in address]
    assert "_changelist_filters=after%3D" in content


def test_where_the_rows_are_gone_the_first_page_is_shown(client, many):
    following = link(client.get(ACTORS), "next")
    Actor.objects.filter(last_name="B").delete()
    Actor.objects.filter(first_name__gt="080").delete()
    assert names(client.get(f"{ACTORS}{following}"))[0] == "000 A"


@pytest.mark.parametrize(("address", "searched"), [(ACTORS, True), (FILMS, True), (CHANGES, False)])
def test_a_search_is_offered_where_there_is_one(client, address, searched):
    page = client.get(address).content.decode()
    assert ('id="searchbar"' in page) is searched and ">None<" not in page


def test_an_empty_list_says_so(client):
    page = client.get(f"{ACTORS}?q=nobody")
    assert page.status_code == 200 and "None found." in page.content.decode()


def test_a_deletions_confirmation_has_bounds(client, actor):
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
def test_it_says_how_many_parts_go_along(actor, monkeypatch, parts):
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


def test_all_of_the_list_is_never_confirmed_at_once(client, many):
    one = Actor.objects.first()
    page = client.post(ACTORS, {"action": "delete_selected", "_selected_action": one.pk, "select_across": "1"})
    assert page.content.decode().count('name="_selected_action"') == 1
    assert Change.objects.filter(kind="-").count() == 0 and FilmChange.objects.filter(kind="-").count() == 0


# A search reads no more than the public one, however common its words


def test_of_a_common_word_the_best_are_listed_and_all_are_exported(client, many, monkeypatch):
    for module in (ranking, changelist):
        monkeypatch.setattr(module, "MAX_RANKED", 10)
    page = client.get(f"{ACTORS}?q=b")
    assert len(names(page)) == 10 and "Only the best 10 are listed" in page.content.decode()
    term = "term=b&app_label=actors&model_name=credit&field_name=actor"
    assert len(client.get(f"/admin/autocomplete/?{term}").json()["results"]) == 10
    exported = b"".join(client.get(f"{ACTORS}export/csv/?q=b").streaming_content)
    assert exported.count(b"\n") == 61
    assert "Only the best" not in client.get(f"{ACTORS}?q=119").content.decode()


def test_a_search_is_narrowed_by_the_filters(client, many, monkeypatch):
    Actor.objects.create(first_name="Zoë", last_name="B", country="JP", death_year=2000)
    Actor.objects.create(first_name="Zoë", last_name="B", country="")
    monkeypatch.setattr(ranking, "MAX_RANKED", 10)
    # Whoever is of Japan, or dead, is not among the first ten of sixty.
    for chosen in ("country=JP", "living=no", "country=JP&living=no&missing=biography"):
        assert names(client.get(f"{ACTORS}?q=b&{chosen}")) == ["Zoë B"], chosen
    assert names(client.get(f"{ACTORS}?q=zoe&country=none")) == ["Zoë B"]


def test_a_search_without_a_word_finds_nobody(client, many):
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
def test_the_few_who_lack_something_are_found_in_an_index(client, missing, index):
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


def test_a_search_lists_the_best_and_says_so_and_nothing_of_no_word(client, monkeypatch):
    for title in ("Samurai Rebellion", "Samurai", "Zatoichi the Samurai"):
        Film.objects.create(title=title)
    assert "Samurai" not in client.get(f"{FILMS}?q=!!!").content.decode()
    for module in (ranking, changelist):
        monkeypatch.setattr(module, "MAX_RANKED", 2)
    page = client.get(f"{FILMS}?q=samurai").content.decode()
    assert "Samurai Rebellion" in page and "Zatoichi" not in page and "Only the best 2 are listed" in page
    assert len(b"".join(client.get(f"{FILMS}export/csv/?q=samurai").streaming_content).splitlines()) == 4
