"""Suggestions ("Did you mean") for searches that find nothing."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from actors.models import Actor, Film
from actors.search.suggestions import MAX_WORD_LENGTH, MIN_WORD_LENGTH, suggest_actors, suggest_films

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def people(db):
    for name in (
        "Tony|Leung", "Penélope|Cruz", "Arnold|Schwarzenegger", "Humphrey|Bogart", "Ann|Boger", "Cher|",
        "Алла|Демидова", "Αλίκη|Βουγιουκλάκη", "Setsuko|Hara", "Jean-Paul|Belmondo", "Gael|García Bernal",
    ):  # fmt: skip
        first, _bar, last = name.partition("|")
        Actor.objects.create(first_name=first, last_name=last, country="FR" if last == "Belmondo" else "")
    Actor.objects.create(first_name="M", also_known_as="Marcello Mastroianni")


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ("lenug", ["leung"]),  # swapped letters
        ("elung", ["leung"]),
        ("leng", ["leung"]),  # a missing letter
        ("leeung", ["leung"]),  # an extra letter
        ("leong", ["leung"]),  # a replaced letter
        ("Pénélopé Crux", ["penelope cruz"]),
        ("toni leung", ["tony leung"]),
        ("humprey bogart", ["humphrey bogart"]),
        ("humprey bogrt", ["humphrey bogart"]),
        ("schwarzeneger", ["schwarzenegger"]),
        ("scharzeneger", ["schwarzenegger"]),  # two typos after the same first letters
        ("setuko", ["setsuko"]),
        ("демидава", ["демидова"]),
        ("αλικι", ["αλικη"]),
        ("boget", ["boger"]),
        ("bernla", ["bernal"]),  # a later part of the name
        ("gael garcia bernl", ["gael garcia bernal"]),
        ("mastroanni", ["mastroianni"]),  # a part of another name
        ("jeanpaul", ["jean paul"]),  # two parts without the space or hyphen between them
        ("leungtony", ["leung tony"]),
        ("tonyleung", ["tony leung"]),
        ("jeanpaul belmonod", ["jean paul belmondo"]),
        ("garciabernal", ["garcia bernal"]),
        ("tony cruz", []),  # both words exist, but no actor has both
        ("xqzkwvj", []),
        ("che", []),
        ("x" * 200, []),
        ("lenug " * 7, []),
        ("lenug xqzkwvj", []),
    ],
)
def test_query_with_a_typo_gets_suggestions(query, meant):
    assert suggest_actors(query) == meant


def test_suggestion_finds_an_actor_with_the_same_filters():
    assert suggest_actors("belmonod") == suggest_actors("belmonod", country="FR", living="yes") == ["belmondo"]
    assert suggest_actors("belmonod", country="GB") == suggest_actors("belmonod", living="no") == []


def test_page_and_data_have_the_same_suggestions(client):
    page = client.get("/?q=lenug&living=yes").content.decode()
    assert 'Did you mean <a href="./?q=leung&amp;living=yes"><bdi>Leung</bdi></a>?' in page
    assert client.get("/actors.json?q=lenug").json()["suggestions"] == ["leung"]
    assert client.get("/actors.json?q=leung").json()["suggestions"] == []
    assert "Did you mean" not in client.get("/?q=xqzkwvj").content.decode()
    assert "Did you mean" not in client.get("/?q=bogar").content.decode()  # in the middle of a name part
    assert "Did you mean" not in client.get("/?country=JP").content.decode()


@pytest.fixture
def films(db):
    for title, original, year in (
        ("Seven Samurai", "七人の侍", 1954),
        ("Samurai Rebellion", "", 1967),
        ("Breathless", "À bout de souffle", 1960),
        ("The Umbrellas of Cherbourg", "", 1964),
        ("Амели", "", 2001),
        ("M", "", 1931),
    ):
        Film.objects.create(title=title, original_title=original, year=year)


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ("samuria", ["samurai"]),  # swapped letters
        ("asmurai", ["samurai"]),
        ("Samuraï rebelion", ["samurai rebellion"]),  # a missing letter
        ("rebelllion", ["rebellion"]),  # an extra letter
        ("umbrallas", ["umbrellas"]),  # a replaced letter
        ("sevn samurei", ["seven samurai"]),
        ("sevensamurai", ["seven samurai"]),  # a missing space
        ("a bout de soufle", ["a bout de souffle"]),  # a word of the original title
        ("cherbuorgh", ["cherbourg"]),  # two typos after the same first letters
        ("амлеи", ["амели"]),
        ("seven rebellion", []),  # both words exist, but no film has both
        ("lenug", []),  # the name of an actor, not a title
        ("xqzkwvj", []),
        ("sem", []),
        ("x" * 200, []),
        ("samuria " * 7, []),
        ("samuria xqzkwvj", []),
        ("七人の待", []),
        ("", []),
    ],
)
def test_title_query_with_a_typo_gets_suggestions(films, query, meant):
    assert suggest_films(query) == meant


def test_suggestion_finds_a_film_with_the_same_filter(films):
    assert suggest_films("samuria") == suggest_films("samuria", "1950s") == ["samurai"]
    assert suggest_films("samuria", "1940s") == []
    assert suggest_films("rebelion", "1950s") == []


def test_page_and_data_of_films_have_the_same_suggestions(client, films):
    page = client.get("/films/?q=samuria&decade=1950s&sort=year").content.decode()
    assert 'Did you mean <a href="./?q=samurai&amp;decade=1950s&amp;sort=year"><bdi>Samurai</bdi></a>?' in page
    assert client.get("/films.json?q=samuria&decade=1950s").json()["suggestions"] == ["samurai"]
    assert client.get("/films.json?q=samuria&decade=1940s").json()["suggestions"] == []
    assert client.get("/films.json?q=samurai").json()["suggestions"] == []
    assert client.get("/films.json?decade=1940s").json()["suggestions"] == []
    for query in ("q=xqzkwvj", "q=amura", "q=---", "decade=1940s"):
        assert "Did you mean" not in client.get(f"/films/?{query}").content.decode()


def test_film_suggestions_are_found_for_chinese_titles(client, films):
    page = client.get("/films/?q=samuria", headers={"accept-language": "zh-CN"}).content.decode()
    assert "您要找的是不是" in page and '<a href="./?q=samurai"><bdi>Samurai</bdi></a>？' in page


def test_empty_result_links_to_the_same_search_in_the_other_list(client, films):
    assert '<a href="/films/?q=Seven%20Samurai%26">' in client.get("/?q=Seven+Samurai%26").content.decode()
    assert '<a href="/?q=tony%20leung">' in client.get("/films/?q=tony+leung").content.decode()
    assert "/films/?q=" not in client.get("/?country=JP").content.decode()


@pytest.mark.postgresql
def test_title_words_use_an_index(films):
    """A word has hundreds of possible typos. Without the index, each of them would read the table."""
    with CaptureQueriesContext(connection) as asked:
        suggest_films("samuria")
    (statement,) = (each["sql"] for each in asked if "film_words" in each["sql"])
    *scans, statement = statement.split("; ")
    with connection.cursor() as cursor:
        for scan in scans:
            cursor.execute(scan)
        cursor.execute(f"EXPLAIN {statement}".replace("%", "%%"), [])
        assert "Index Scan on film_words" in "\n".join(line for (line,) in cursor)


@pytest.mark.postgresql
def test_index_has_words_one_letter_beyond_the_length_limits():
    """A typo can add or drop a letter."""
    for length in (MIN_WORD_LENGTH - 1, MAX_WORD_LENGTH + 1):
        Film.objects.create(title="x" * length)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM actors_film WHERE film_words(search) @> ARRAY[%s]", ["x" * length])
            assert cursor.fetchone() == (1,)


def test_number_of_films_read_is_bounded(films, monkeypatch):
    """On SQLite, which has no index of words, films are compared one by one."""
    monkeypatch.setattr("actors.search.suggestions.MAX_TITLES_READ", 1)
    found = suggest_films("mubrellas")
    assert found == (["umbrellas"] if connection.vendor == "postgresql" else [])
