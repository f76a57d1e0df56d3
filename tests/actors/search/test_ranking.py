"""Ranked search: which actors are found, and in which order, for any number of matches."""

import csv
import io
import random
import re
from itertools import pairwise

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from actors.models import Actor, Film
from actors.search import ranking
from actors.text import chinese_variants
from actors.text.chinese_variants import spellings
from actors.text.normalize import UNSPACED, fold, fold_words, search_pattern
from tests import plans
from tests.directory import load_directory

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]


def add(*names, **facts):
    """Create actors with the names "first|last"; return them."""
    parts = (name.partition("|") for name in names)
    return [Actor.objects.create(first_name=first, last_name=last, **facts) for first, _bar, last in parts]


def found(query, **narrow):
    return [str(Actor.objects.get(pk=pk)) for _tier, _key, pk in ranking.rank_actors(query, **narrow).positions]


def shown(client, url):
    page = client.get(url).content.decode()
    return [re.sub("<[^>]*>", "", name) for name in re.findall(r"<li>\s*<a href=\"/actors/[^>]*>(.*?)</a>", page)], page


def test_results_are_sorted_by_relevance_then_name():
    add(
        "Emile|Galileo",
        "Ann|Leon",
        "Leona|Zed",
        "Leo|Young",
        "Bob|Leo",
        "Leo|Abel",
        "Zoe Leonie|Abel",
        "Cleo|Ho",
        "A|B",
    )
    assert found("Leo") == [
        *("Leo Abel", "Bob Leo", "Leo Young"),  # the word is a whole part
        "Ann Leon",  # the last name begins with the word
        "Leona Zed",  # the first name begins with the word
        "Zoe Leonie Abel",  # another part begins with the word
        *("Emile Galileo", "Cleo Ho"),  # the word is inside a part
    ]
    assert found("le") == ["Bob Leo", "Ann Leon", "Leo Abel", "Leo Young", "Leona Zed", "Zoe Leonie Abel"]


def test_whole_names_rank_first_for_several_words():
    add("Wai|Leung Tonya", "Tony|Leungson", "Antony|Leung", "Tony Chiu-wai|Leung", "Tony|Leung")
    whole = ["Tony Leung", "Tony Chiu-wai Leung"]
    assert found("tony LEUNG") == [*whole, "Tony Leungson", "Wai Leung Tonya", "Antony Leung"]
    assert found("leung t") == ["Tony Leung", "Tony Chiu-wai Leung", "Wai Leung Tonya", "Tony Leungson"]


@pytest.mark.slow
def test_search_finds_exactly_the_actors_that_match_all_words():
    """Search the fixture's actors for hundreds of pieces of their names, and compare with the rule in Python."""
    load_directory(Actor)
    everybody = dict(Actor.objects.values_list("pk", "search"))
    texts = [text.strip() for text in everybody.values()]
    queries = {
        text[at : at + size] for text in texts[::3] for size in (1, 2, 3, 5) for at in (0, 2, 7, len(text) - size)
    }
    queries |= {f"{a[:2]} {b[-3:]}" for a, b in pairwise(texts)} | {"chan j", "李 小", "jun 龍"}
    assert len(queries) > 900
    for query in sorted(queries)[:: 1 if connection.vendor == "postgresql" else 3]:
        words = [[search_pattern(spelled) for spelled in spellings(word)] for word in fold_words(query)]
        wanted = {
            pk for pk, text in everybody.items() if words and all(any(map(text.__contains__, word)) for word in words)
        }
        response = ranking.rank_actors(query)
        assert {pk for _tier, _key, pk in response.positions} == wanted and not response.more, query
        if words:
            assert set(Actor.objects.search(query).values_list("pk", flat=True)) == wanted, query


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("梁朝伟", "梁朝偉"), ("周润发", "周潤發"), ("發哥", "发哥"), ("王寶強", "王宝强"), ("范冰", "范冰冰"),
        ("龍", "李小龙"), ("小龙", "李小龍"), ("朝伟", "梁朝偉 Tony"),
    ],
)  # fmt: skip
def test_name_is_found_in_traditional_and_simplified_characters(client, query, name):
    Actor.objects.create(first_name="Some", last_name="Body", native_name=name)
    add("Wang|Other")
    names, page = shown(client, f"/?q={query}")
    assert names == ["Some Body"] and "<mark>" in page
    assert client.get(f"/actors.json?q={query}").json()["total"] == 1
    assert len(b"".join(client.get(f"/actors.csv?q={query}").streaming_content).splitlines()) == 2


def test_whole_name_ranks_first_in_either_chinese_spelling(client):
    Actor.objects.create(first_name="Name", last_name="Inside", native_name="大梁朝偉們")
    Actor.objects.create(first_name="Name", last_name="Whole", native_name="梁朝偉")
    assert shown(client, "/?q=梁朝伟")[0] == ["Name Whole", "Name Inside"]


def test_both_chinese_spellings_of_a_film_are_found(client):
    for title in ("花樣年華", "花样年华", "樣樣"):
        Film.objects.create(title="In the Mood", original_title=title)
    for query in ("花样年华", "花樣年華", "花樣年华"):
        assert client.get(f"/films.json?q={query}").json()["total"] == 2


def test_number_of_spellings_is_bounded():
    assert len(spellings("发" * 200)) <= chinese_variants.MAX_SPELLINGS and spellings("发" * 200)[0] == "发" * 200
    assert spellings("周润发")[:3] == ["周润发", "週潤發", "週潤髮"] and "周潤發" in spellings("周润发")
    assert spellings("mifune") == ["mifune"] and spellings("さくら") == ["さくら"]


def test_filters_apply_to_a_search(client):
    add("Leo|Abel", country="FR")
    add("Leo|Baker", country="FR", death_year=1999)
    add("Leo|Clark", country="GB", death_year=1999)
    assert shown(client, "/?q=leo&country=FR&living=no")[0] == ["Leo Baker"]
    assert shown(client, "/?q=leo&living=yes")[0] == ["Leo Abel"]
    assert shown(client, "/?q=eo&country=GB")[0] == []
    assert shown(client, "/?q=leo&country=GB")[0] == ["Leo Clark"]


def test_pages_of_best_matches_link_forward_and_back(client):
    add(*(f"Ann|Leo{n:03}" for n in range(60)), *(f"Leo|Ann{n:03}" for n in range(60)), "Cleo|Z")
    names, url, pages = [], "/?q=leo", []
    while url:
        some, page = shown(client, url)
        names += some
        pages.append((url, some, page))
        after = re.search(r'<a rel="next" href="\.([^"]*)"', page)
        url = after and after[1].replace("&amp;", "&")
    assert names == [*(f"Leo Ann{n:03}" for n in range(60)), *(f"Ann Leo{n:03}" for n in range(60)), "Cleo Z"]
    assert "121 actors" in pages[0][2] and "<bdi>51–100</bdi>" in pages[1][2]
    before = re.search(r'<a rel="prev" href="\.([^"]*)"', pages[2][2])[1].replace("&amp;", "&")
    assert shown(client, before)[0] == pages[1][1]
    assert client.get(pages[1][0].replace("q=leo", "q=le")).status_code == 400
    assert client.get(f"{pages[1][0]}x").status_code == 400
    Actor.objects.all().delete()
    assert client.get(pages[1][0], follow=True).redirect_chain == [("./?q=leo", 302)]


def test_page_with_too_many_matches_shows_a_notice_and_exports_have_all(client, monkeypatch):
    monkeypatch.setattr("actors.search.ranking.MAX_RANKED", 60)
    add(*(f"Cleo|Z{n:03}" for n in range(50)), *(f"Ann|Leo{n:03}" for n in range(61)))
    names, page = shown(client, "/?q=leo")
    assert names[0] == "Ann Leo000" and "More than 60 actors" in page
    by_name = re.search(r'<a href="\.([^"]*)">show more, sorted by last name', page)[1].replace("&amp;", "&")
    assert by_name == "/?q=leo&sort=last" and "111 actors" in shown(client, by_name)[1]
    response = client.get("/actors.json?q=leo").json()
    assert response["total"] is None
    assert client.get(response["next"]).json()["next"] is None
    rows = b"".join(client.get("/actors.csv?q=leo").streaming_content).decode()
    assert len(list(csv.DictReader(io.StringIO(rows)))) == 111
    names, page = shown(client, "/?q=eo0")
    assert len(names) == 50 and "More than 60 actors" in page


def test_page_shows_a_notice_if_a_bounded_search_may_be_incomplete(client, monkeypatch):
    monkeypatch.setattr("actors.search.ranking.MAX_RANKED", 2)
    monkeypatch.setattr("actors.search.ranking.MAX_SORTED_BY_NAME", 20)
    add(*(f"Ann|Leo{n:03}" for n in range(30)))
    for query in ("q=leo&living=no", "q=leo&living=no&sort=first"):
        page = client.get(f"/?{query}").content.decode()
        assert "No actors found so far" in page and "Too many names match to check all of them" in page
        assert "More than" not in page
    assert "so far" not in client.get("/?q=leo&country=JP").content.decode()


def test_filtered_bounded_search_reports_that_more_may_match(client, monkeypatch):
    monkeypatch.setattr("actors.search.ranking.MAX_RANKED", 2)
    monkeypatch.setattr("actors.search.ranking.MAX_SORTED_BY_NAME", 20)
    add(*(f"Ann|Leo{n:03}" for n in range(30)))
    assert ranking.rank_actors("leo", living="no") == ranking.RankedRows([], True)
    assert ranking.rank_actors("leo", living="yes").more


def test_search_is_sorted_by_relevance_by_default(client):
    add("Leo|Abel", "Zoe|Leonard", "Abe|Leopold")
    assert shown(client, "/?q=leo")[0] == ["Leo Abel", "Zoe Leonard", "Abe Leopold"]
    names, page = shown(client, "/?q=leo&sort=first")
    assert names == ["Abe Leopold", "Leo Abel", "Zoe Leonard"]
    assert '<option value="">Best match</option>' in page and '<option value="last">By last name</option>' in page
    assert 'href="http://testserver/?q=leo&amp;sort=last"' in client.get("/?sort=last&q=leo").content.decode()
    assert 'href="http://testserver/"' in client.get("/?sort=last").content.decode()


def test_search_sorted_by_name_has_pages_and_sorts_a_bounded_number(client, monkeypatch):
    monkeypatch.setattr("actors.search.ranking.MAX_SORTED_BY_NAME", 120)
    add(*(f"Leo {n:03}|Z{-n % 7}" for n in range(80)), *(f"Ann|Leo{n:03}" for n in range(40)))
    for sort, key in (("last", "sort_last"), ("first", "sort_first")):
        wanted = [str(actor) for actor in Actor.objects.order_by(key, "id")]
        names, url, pages = [], f"/?q=leo&sort={sort}", []
        while url:
            some, page = shown(client, url)
            names += some
            pages.append(some)
            before = re.search(r'<a rel="prev" href="\.([^"]*)"', page)
            after = re.search(r'<a rel="next" href="\.([^"]*)"', page)
            url = after and after[1].replace("&amp;", "&")
            assert "120 actors" in page and "Not all" not in page
        assert names == wanted and len(pages) == 3
        assert shown(client, before[1].replace("&amp;", "&"))[0] == pages[1]
    add("Leo|Aaron")
    page = shown(client, "/?q=leo&sort=last")[1]
    assert "More than 120 actors" in page and "Not all matches are shown" in page and "show more" not in page
    assert client.get("/actors.json?q=leo&sort=last").json()["total"] is None


@pytest.mark.postgresql
def test_words_of_one_or_two_letters_use_an_index():
    """Such words have no trigram. A scan of a million names took 225 ms."""
    plans.fill("actor_starts")
    for query in ("zh", "q", "朝", "小龍"):
        assert "Index Scan on actor_starts" in Actor.objects.search(query).explain(), query
    assert fold("小龍") == "小龍"


@pytest.mark.postgresql
def test_actor_starts_returns_beginnings_of_parts_and_all_han_pairs():
    with connection.cursor() as cursor:
        cursor.execute("SELECT actor_starts(' ann lee 李小龍')")
        assert set(cursor.fetchone()[0]) == {"a", "an", "l", "le", "李", "李小", "小", "小龍", "龍"}


# actor_starts(), written with regular expressions, which are slower.
STARTS_BY_PATTERNS = f"""
CREATE FUNCTION starts_by_patterns(search text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    starts text := regexp_replace(search, ' ([^ ])([^ ]?)[^ ]*', ' \\1 \\1\\2', 'g');
    unspaced text;
BEGIN
    IF search ~ '[{UNSPACED}]' THEN
        unspaced := regexp_replace(search, '[^{UNSPACED} ]+', ' ', 'g');
        starts := concat_ws(' ', starts,
            regexp_replace(unspaced, '([^ ])', '\\1 ', 'g'),
            regexp_replace(unspaced, '([^ ][^ ])', '\\1 ', 'g'),
            regexp_replace(regexp_replace(unspaced, '(^| )[^ ]', ' ', 'g'), '([^ ][^ ])', '\\1 ', 'g'));
    END IF;
    RETURN array_remove(string_to_array(starts, ' '), '');
END $$
"""


@pytest.mark.postgresql
def test_actor_starts_matches_the_same_rows_as_regular_expressions():
    """The function cuts parts by position, which is faster."""
    chance = random.Random(1)
    letters = "abç'ßжя李小龍ミフ송กา \u0301🎬"
    samples = ["", *(f" {''.join(chance.choices(letters, k=chance.randint(1, 12)))}" for _ in range(1000))]
    with connection.cursor() as cursor:
        cursor.execute(STARTS_BY_PATTERNS)
        cursor.execute(
            "SELECT search, actor_starts(search), starts_by_patterns(search) FROM unnest(%s) AS search", [samples]
        )
        for sample, found, expected in cursor:
            assert set(found) == set(expected), ascii(sample)


@pytest.mark.postgresql
def test_prefix_matches_are_read_in_index_order_after_another_search():
    """Regression: for a frequent prefix, PostgreSQL sorted all matches, in 35 ms instead of 3."""
    plans.fill("actor_sort_last", "actor_sort_first")
    ranking.rank_actors("abc")  # enables only bitmap scans until the transaction ends
    with CaptureQueriesContext(connection) as asked:
        ranking.rank_actors("1")
    *scans, statement = asked[0]["sql"].split("; ")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = on")
        for scan in scans:
            cursor.execute(scan)
        cursor.execute(f"EXPLAIN {statement}".replace("%", "%%"), [])
        plan = "\n".join(line for (line,) in cursor)
    assert "Index Scan using actor_sort_last" in plan and "Index Scan using actor_sort_first" in plan
    assert "Bitmap" not in plan and "Sort Key: actor" not in plan
