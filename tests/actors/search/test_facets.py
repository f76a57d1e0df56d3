"""Lists filtered by country, decade of birth, and living or deceased: exact at any size."""

import itertools
import random
import re

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from actors.listing import actors
from actors.models import Actor
from actors.search import facets
from actors.search.facets import Facets
from actors.text import index_letters
from actors.text.normalize import fold
from tests import plans
from tests.actors.web.test_actor_list import choices, chosen

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]

COUNTRIES = ("", "FR", "GB", "JP")
DECADES = ("", "1890s", "1940s", "1950s", "2000s")
VIEWS = [
    dict(zip(("country", "living", "born"), values, strict=True))
    for values in itertools.product((*COUNTRIES, "US"), ("", "yes", "no"), DECADES)
]


@pytest.fixture
def people():
    """Create ninety actors, many with the same name. The last 20 in the alphabet are of the 1950s, one deceased."""
    chance = random.Random(5)
    names = ["Abe", "Bo", "Bo", "Čapek", "Ōe", "三船", "Zoe", "!"]
    made = [
        Actor(
            first_name=chance.choice(["", *names]),
            last_name=chance.choice(names),
            country=chance.choice(COUNTRIES),
            birth_year=chance.choice([None, 7, 1799, 1899, 1940, 1949, 1950, 1951, 1959]),
            death_year=chance.choice([None, None, 1990, 0]),
        )
        for _ in range(70)
    ]
    made += [
        Actor(last_name=f"Zz{n:02}", country="GB", birth_year=1955, death_year=None if n else 1999) for n in range(20)
    ]
    Actor.objects.bulk_create(made)
    return list(Actor.objects.all())


@pytest.fixture(params=[1, 9, 2_000])
def walked(request, monkeypatch):
    """Set four rows per page, and a limit of the index scan: one row, a part of the list, or beyond its end."""
    monkeypatch.setattr(facets, "WALKED", request.param)
    monkeypatch.setattr(actors, "PAGE_SIZE", 4)


def is_of(actor, country="", living="", born=""):
    return (
        (not country or actor.country == country)
        and (not living or (actor.death_year is None) == (living == "yes"))
        and (not born or (actor.birth_year is not None and actor.birth_year // 10 == int(born[:3])))
    )


def view(**values):
    query = QueryDict(mutable=True)
    query.update({name: value for name, value in values.items() if value})
    return actors.ActorListing.read(query)


@pytest.mark.slow
@pytest.mark.parametrize("sort", ["last", "first"])
@pytest.mark.parametrize("data", [False, True])
def test_pages_of_every_filter_have_each_row_once_in_order(people, walked, sort, data):
    for narrow in VIEWS:
        key = actors.ACTOR_SORTS[sort]
        wanted = sorted(
            (actor for actor in people if is_of(actor, **narrow)), key=lambda actor: (getattr(actor, key), actor.pk)
        )
        wanted = [actor.pk for actor in wanted]
        asked = view(**narrow, sort=sort)
        pages = [asked.page(data)]
        assert pages[0].previous is None
        while pages[-1].next:
            pages.append(asked.change(after=pages[-1].next).page(data))
        assert [row.id for page in pages for row in page.rows] == wanted, narrow
        assert all(len(page.rows) == 4 for page in pages[:-1]) and all(page.previous for page in pages[1:])
        for page, before in itertools.pairwise(reversed(pages[1:])):
            back = asked.change(before=page.previous).page(data)
            assert [row.id for row in back.rows] == [row.id for row in before.rows] and back.next, narrow
        if len(pages) > 1:
            assert asked.change(before=pages[1].previous).page(data) is None
        assert asked.count(None) == (len(wanted), False)
        assert asked.number(3) == min(len(wanted), 3)


@pytest.mark.slow
def test_page_at_a_letter_begins_there_with_every_filter(people, walked):
    for narrow, letter in itertools.product(VIEWS, "#BZ中"):
        asked = view(**narrow, letter=letter)
        begin = {"#": "", "中": "\u3400"}.get(letter, fold(letter))
        these = sorted((actor.sort_last, actor.pk) for actor in people if is_of(actor, **narrow))
        page, wanted = asked.page(), [pk for name, pk in these if name >= begin]
        if not wanted:
            assert page is None or not page.rows
            continue
        assert [row.id for row in page.rows] == wanted[:4], (narrow, letter)
        assert bool(page.next) == (len(wanted) > 4) and bool(page.previous) == (len(wanted) < len(these))


@pytest.mark.parametrize("sort", ["last", "first"])
def test_export_of_every_filter_is_complete_and_in_order(people, sort):
    for narrow in VIEWS:
        wanted = sorted((getattr(actor, f"sort_{sort}"), actor.pk) for actor in people if is_of(actor, **narrow))
        assert list(view(**narrow, sort=sort).whole().values_list(f"sort_{sort}", "pk")) == wanted, narrow


@pytest.mark.parametrize("query", ["bo", "o", "zz0", "ape", "三", "三船 bo", "-"])
def test_export_of_a_search_has_the_same_actors_as_the_list(people, query):
    for narrow in VIEWS:
        wanted = view(**narrow, q=query).rows().order_by("sort_first", "pk")
        assert list(view(**narrow, q=query, sort="first").whole()) == list(wanted), narrow
    assert query == "-" or view(q=query).whole().exists()


@pytest.mark.parametrize("most", [2, 1_000])
def test_count_of_each_option_is_the_number_of_its_results(people, most):
    for narrow in VIEWS:
        found = facets.counts(Facets(**narrow), most, 3, "sort_first")
        there = sorted((actor.sort_first for actor in people if is_of(actor, **narrow)), key=str)
        assert found.pop("whole") == min(3, len(there))
        of_country = {"country": narrow["country"]} if narrow.get("country") else {}
        firsts = sorted(actor.sort_first for actor in people if is_of(actor, **of_country) and actor.sort_first)
        assert found.pop("letters") == index_letters.letter_labels(name[0] for name in firsts)
        values = {
            "country": COUNTRIES[1:],
            "born": ["1950s", "1940s", "1890s", "1790s"],
            "living": ["yes", "no"],
        }
        for facet, some in found.items():
            some = [(value, number) for value, number in some if value != "00s"]
            assert some == [
                (value, min(most, sum(is_of(actor, **{**narrow, facet: value}) for actor in people)))
                for value in values[facet]
            ], (narrow, facet)


def test_empty_table_has_no_filter_options(walked):
    nobody = {"country": [], "born": [], "living": [("yes", 0), ("no", 0)], "whole": 0, "letters": []}
    assert facets.counts(Facets(), 9, 9, "sort_last") == nobody
    assert view(living="no").page().rows == [] and view(living="no").count(None) == (0, False)


def test_filter_options_have_counts_except_in_search_results(client, people):
    page = client.get("/?country=JP&living=no").content.decode()

    narrow = {"country": "JP", "living": "no"}
    numbers = {
        "living": {"", "yes", "no"},
        "country": {"FR", "GB", "JP"},
        "born": {"1890s", "1940s", "1950s"},
    }
    for name, values in numbers.items():
        for value in values:
            number = sum(is_of(actor, **{**narrow, name: value}) for actor in people)
            offered = dict(choices(page, name))
            if number or name == "living":
                assert offered[value].endswith(f" ({number})"), (name, value)
            else:
                assert value not in offered
    searched = client.get("/?q=zoe&country=JP").content.decode()
    offered = {name: dict(choices(searched, name)) for name in ("born", "country")}
    assert offered["born"]["1950s"] == "1950s" and offered["country"]["FR"] == "France"


def test_chosen_filter_without_results_is_still_offered(client, people):
    page = client.get("/?country=US&living=no&born=2000s").content.decode()
    assert "No actors found" in page and ("no", "Deceased (0)") in choices(page, "living")
    assert chosen(page)["living"] == ["no"]


@pytest.mark.postgresql
def test_rare_filter_combination_uses_an_index():
    """Regression: a scan of a million names took 1.7 s and found no match."""
    plans.fill("actor_facets_first", "actor_facets_last")
    narrowed = Facets(living="no", born="1940s")
    found = Actor.objects.filter(pk__in=narrowed.ids_beyond("sort_first")(">", ("m", 1), False, 51)).order_by(
        "sort_first"
    )
    # Either an index scan or a bitmap scan.
    served = r"actor_facets_{}\b.*\n\s+Index Cond: .*death_year"
    assert re.search(served.format("first"), found.explain())
    for ask in (lambda: narrowed.number(51), lambda: facets.counts(narrowed, 51, 51)):
        with CaptureQueriesContext(connection) as asked:
            ask()
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {asked[0]['sql']}")
            assert re.search(served.format("(fir|la)st"), "\n".join(line for (line,) in cursor))


@pytest.mark.postgresql
def test_country_facets_use_an_index_before_vacuum():
    """Regression: after an import of 200,000 rows, the table was read once per country, and the page failed."""
    indexes = (
        "actor_birth_year",
        "actor_country_first",
        "actor_country_last",
        "actor_facets_first",
        "actor_facets_last",
    )
    plans.fill(*indexes)
    with CaptureQueriesContext(connection) as asked:
        facets.counts(Facets(), 51, 10_001)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = on")
        cursor.execute(f"EXPLAIN {asked[0]['sql']}")
        plan = "\n".join(line for (line,) in cursor)
    # The bounded count of all rows reads the table without an index.
    assert plan.count("Seq Scan") == 1 and not re.search(r"Seq Scan.*\n\s+Filter", plan)
    assert re.search(r"Limit.*\n\s+->  Index (Only )?Scan using actor_country_last.*\n\s+Index Cond: .*country", plan)


@pytest.mark.postgresql
def test_export_of_a_rare_combination_uses_an_index():
    """Regression: at ten million rows, a scan of names found nothing before the deadline: the file was cut off."""
    plans.fill("actor_sort_last", "actor_facets_last")
    plan = view(living="no", born="1990s").whole().explain()
    assert re.search(r"actor_facets_last\b.*\n\s+Index Cond: .*CASE WHEN", plan), plan
