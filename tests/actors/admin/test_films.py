"""Films and casts in the admin: nothing is lost, and everything can be taken back."""

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from actors.admin.film_history import describe_changes
from actors.history.attribution import attributed_to
from actors.history.merge import merge_actors
from actors.models import Actor, Change, Credit, Film, FilmChange
from tests.actors.admin.test_actors import administrator, editor, editor_without_staff, nobody, plain_staff
from tests.breadcrumbs import breadcrumbs

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]

FILMS, CHANGES = "/admin/actors/film/", "/admin/actors/filmchange/"


@pytest.fixture(autouse=True)
def _passwords_are_hashed_fast(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def film(actor):
    film = Film.objects.create(title="Seven Samurai", original_title="七人の侍", year=1954)
    Credit.objects.create(film=film, actor=actor, character="Kikuchiyo", billing=1)
    return film


@pytest.fixture
def curator(client):
    carol = User.objects.create_user("carol", is_staff=True)
    carol.groups.add(Group.objects.get(name="Curators"))
    client.force_login(carol)
    return carol


def seen(film):
    return FilmChange.objects.filter(film_id=film.pk).latest("pk").pk


def form(film=None, new=(), **changes):
    """The change form's fields, as a browser sends them; ``new`` are (actor, character) of new rows of the cast."""
    credits = list(film.credits.all()) if film else []
    data = {name: getattr(film, name, None) or "" for name in ("title", "original_title", "year")}
    data |= {"seen": seen(film) if film else "", "credits-TOTAL_FORMS": len(credits) + len(new)}
    data |= {"credits-INITIAL_FORMS": len(credits), "credits-MIN_NUM_FORMS": 0, "credits-MAX_NUM_FORMS": 1000}
    rows = [(credit.pk, credit.actor_id, credit.character, credit.billing) for credit in credits]
    rows += [("", actor.pk, character, "") for actor, character in new]
    for n, (pk, actor, character, billing) in enumerate(rows):
        data |= {f"credits-{n}-id": pk, f"credits-{n}-actor": actor, f"credits-{n}-character": character}
        data |= {f"credits-{n}-billing": billing or "", f"credits-{n}-film": film.pk if film else ""}
    return {**data, **changes, "_save": "Save"}


def address(film):
    return f"{FILMS}{film.pk}/change/"


def entries():
    return list(FilmChange.objects.order_by("pk").values_list("kind", "fields", "who", "origin"))


FILM = "title original_title year"
CREDIT = "actor_id film_id character billing"


def test_every_write_has_one_entry(film, actor):
    Credit.objects.update(billing=2)
    Film.objects.update(year=1955, title="Seven")
    Film.objects.update(year=1955)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE actors_credit SET character = 'K'")
    film.delete()
    assert [row[:2] for row in entries()] == [
        ("+", FILM), ("+", CREDIT), ("~", "billing"), ("~", "title year"), ("~", "character"),
        ("-", CREDIT), ("-", FILM),
    ]  # fmt: skip
    assert {row[2:] for row in entries()} == {("", "command")}
    deleted = FilmChange.objects.order_by("pk").last()
    assert deleted.before == {"title": "Seven", "original_title": "七人の侍", "year": 1955} and deleted.after is None


def test_bulk_writes_have_theirs(film, actor):
    FilmChange.objects.all().delete()
    Film.objects.bulk_create(Film(title=f"Part {n}") for n in range(3))
    Credit.objects.bulk_create(Credit(actor=actor, film=other) for other in Film.objects.filter(title__startswith="P"))
    Film.objects.filter(title__startswith="P").update(year=2000)
    assert [row[0] for row in entries()] == ["+"] * 6 + ["~"] * 3


def test_an_editor_adds_a_film_with_its_cast(client, actor):
    editor(client)
    assert client.post(f"{FILMS}add/", form(new=[(actor, "Sanjuro")], title="Yojimbo", year=1961)).status_code == 302
    film = Film.objects.get(title="Yojimbo")
    assert film.credits.get().character == "Sanjuro"
    assert {row[2:] for row in entries()} == {("eve", "admin")}


def test_an_editor_changes_film_and_cast(client, film, actor):
    editor(client)
    other = Actor.objects.create(first_name="Takashi", last_name="Shimura")
    page = client.get(address(film)).content.decode()
    assert "admin-autocomplete" in page and "Shimura" not in page  # no select box of all actors
    changed = form(film, new=[(other, "Kambei")], year=1955)
    changed["credits-0-character"] = "Kikuchiyo!"
    assert client.post(address(film), changed).status_code == 302
    assert set(film.credits.values_list("character", flat=True)) == {"Kikuchiyo!", "Kambei"}
    assert Film.objects.get().year == 1955


def test_the_form_of_an_actor_leads_to_the_films(client, film, actor, django_assert_max_num_queries):
    editor(client)
    Credit.objects.create(actor=actor, film=Film.objects.create(title="<b>Ran</b>", year=1985))
    page = client.get(f"/admin/actors/actor/{actor.pk}/change/").content.decode()
    ran, seven = (
        page.index("&lt;b&gt;Ran&lt;/b&gt; (1985)</a></li>"),
        page.index(f'<a href="{address(film)}">Seven Samu'),
    )
    assert ran < seven and "Seven Samurai (1954)</a> · Kikuchiyo</li>" in page and "and more" not in page
    with CaptureQueriesContext(connection) as few:
        client.get(f"/admin/actors/actor/{actor.pk}/change/")
    films = Film.objects.bulk_create(Film(title=f"Part {n}") for n in range(60))
    Credit.objects.bulk_create(Credit(actor=actor, film=part) for part in films)
    with django_assert_max_num_queries(len(few)):
        page = client.get(f"/admin/actors/actor/{actor.pk}/change/").content.decode()
    assert page.count("Part ") == 48 and "… and more" in page


def test_who_may_not_see_films_sees_none_on_an_actors_form(client, film, actor):
    bob = User.objects.create_user("bob", is_staff=True)
    bob.user_permissions.set(Permission.objects.filter(codename__in=["view_actor", "change_actor"]))
    client.force_login(bob)
    page = client.get(f"/admin/actors/actor/{actor.pk}/change/")
    assert page.status_code == 200 and "Seven Samurai" not in page.content.decode()
    assert "field-listed_films" not in client.get("/admin/actors/actor/add/").content.decode()


def test_a_form_with_mistakes_is_still_headed_by_the_film_that_it_is_of(client, film):
    editor(client)
    page = client.post(address(film), form(film, title="", year=1899)).content.decode()
    assert page.count("<h2>Seven Samurai (1954)</h2>") == 1 and breadcrumbs(page)[-1] == "Seven Samurai (1954)"


def overtake_by_title(film):
    Film.objects.update(title="The Seven")


def overtake_by_cast(film):
    film.credits.update(character="Another")


@pytest.mark.parametrize(
    ("total", "status"),
    [("", 409), ("x", 409), ("-1", 409), ("200", 409), ("201", 400), ("100000", 400), ("9" * 400, 400)],
)
def test_a_form_with_a_crafted_number_of_rows_is_no_error(client, film, total, status):
    editor(client)
    mine = form(film) | {"credits-TOTAL_FORMS": total}
    overtake_by_cast(film)
    assert client.post(address(film), mine).status_code == status
    assert film.credits.get().character == "Another"


@pytest.mark.parametrize("token", ["", "x", "-1", "9" * 30, "٣"])
def test_a_form_without_a_good_token_has_seen_nothing(client, film, token):
    editor(client)
    assert client.post(address(film), form(film, seen=token)).status_code == 409


def test_a_deletion_is_refused_where_another_was_faster(client, curator, film):
    token = seen(film)
    overtake_by_cast(film)
    delete = f"{FILMS}{film.pk}/delete/"
    assert client.post(delete, {"post": "yes", "seen": token}).status_code == 409
    assert Film.objects.exists()
    assert client.post(delete, {"post": "yes", "seen": seen(film)}).status_code == 302
    assert not Film.objects.exists() and not Credit.objects.exists()


# The way back


def go_back(client, change, side):
    token = seen(Film(pk=change.film_id))
    return client.post(f"{CHANGES}{change.pk}/restore/", {"restore": f"{side}:{token}"}, follow=True)


def test_a_film_comes_back_with_its_cast_under_its_address(client, curator, film, actor):
    gone = Film.objects.create(title="Removed before")
    Credit.objects.create(film=gone, actor=actor)
    pk, kept = film.pk, list(Credit.objects.filter(film=film).values())
    with attributed_to("carol", "admin"):
        film.delete()
    page = client.get(f"{CHANGES}?film={pk}")
    assert "Undelete" in page.content.decode() and "Kikuchiyo" in page.content.decode()
    answer = go_back(client, FilmChange.objects.get(film_id=pk, credit_id=None, kind="-"), "before")
    assert "Seven Samurai (1954) is restored." in answer.content.decode()
    assert list(Credit.objects.filter(film_id=pk).values()) == kept
    assert FilmChange.objects.first().who == "carol"


def test_an_actor_comes_back_with_the_credits(client, curator, film, actor):
    other = Film.objects.create(title="Rashomon")
    Credit.objects.create(film=other, actor=actor, character="Tajōmaru")
    kept = list(Credit.objects.order_by("pk").values())
    with attributed_to("carol", "admin"):
        actor.delete()
    assert not Credit.objects.exists()
    change = Change.objects.get(kind="-")
    client.post(f"/admin/actors/change/{change.pk}/restore/", {"restore": "before:"})
    assert list(Credit.objects.order_by("pk").values()) == kept


def test_an_actor_comes_back_without_the_credits_of_films_that_are_gone(client, curator, film, actor):
    with attributed_to("carol", "admin"):
        actor.delete()
    film.delete()
    change = Change.objects.get(kind="-")
    client.post(f"/admin/actors/change/{change.pk}/restore/", {"restore": "before:"})
    assert Actor.objects.exists() and not Credit.objects.exists()


def test_any_state_of_film_and_credit_comes_back(client, curator, film):
    overtake_by_title(film)
    overtake_by_cast(film)
    for change in FilmChange.objects.filter(kind="~"):
        go_back(client, change, "before")
    assert Film.objects.get().title == "Seven Samurai"
    assert Credit.objects.get().character == "Kikuchiyo"


def test_a_credit_that_has_no_place_is_not_restored(client, curator, film, actor):
    Credit.objects.get().delete()
    change = FilmChange.objects.get(kind="-")
    Credit.objects.create(film=film, actor=actor, character="Kikuchiyo")
    assert "Nothing was restored" in go_back(client, change, "before").content.decode()
    Credit.objects.all().delete()
    go_back(client, change, "before")
    assert Credit.objects.get().pk == change.credit_id


def test_going_back_is_refused_where_another_was_faster(client, curator, film):
    overtake_by_title(film)
    change, token = FilmChange.objects.filter(kind="~").get(), seen(film)
    overtake_by_cast(film)
    page = client.post(f"{CHANGES}{change.pk}/restore/", {"restore": f"before:{token}"}, follow=True)
    assert "it was changed after you looked" in page.content.decode()
    assert Film.objects.get().title == "The Seven"


@pytest.mark.parametrize("value", ["", "before", "after:1", "sideways:1", "before:x"])
def test_a_way_back_that_is_none_is_refused(client, curator, film, value):
    overtake_by_title(film)
    pk = FilmChange.objects.filter(credit_id=None, kind="+").get().pk
    value = value.replace("after:1", "before:1")
    assert client.post(f"{CHANGES}{pk}/restore/", {"restore": value}).status_code == 400


@pytest.mark.parametrize(
    ("field", "found"),
    [("title", 1), ("original_title", 1), ("year", 0), ("actor", 1), ("character", 1), ("billing", 0)],
)
def test_changes_are_found_by_field(client, curator, film, field, found):
    other = Actor.objects.create(first_name="Other")
    Film.objects.filter(pk=film.pk).update(title="Another", original_title="Another")
    Credit.objects.update(character="Another")
    Credit.objects.update(actor=other)
    page = client.get(f"{CHANGES}?field={field}")
    assert len(page.context["cl"].result_list) == found
    assert "<h1>Recent changes of films and casts</h1>" in page.content.decode()
    assert "<h1>History of Another</h1>" in client.get(f"{CHANGES}?film={film.pk}").content.decode()


# Who may


def curators(client):
    carol = User.objects.create_user("carol", is_staff=True)
    carol.groups.add(Group.objects.get(name="Curators"))
    client.force_login(carol)


@pytest.mark.parametrize(
    ("role", "looks", "writes", "deletes", "goes_back"),
    [
        (nobody, 302, 302, 302, 302),
        (plain_staff, 403, 403, 403, 403),
        (editor_without_staff, 302, 302, 302, 302),
        (editor, 200, 302, 403, 403),
        (curators, 200, 302, 302, 302),
        (administrator, 200, 302, 302, 302),
    ],
)
def test_roles(client, film, actor, role, looks, writes, deletes, goes_back):
    role(client)
    for page in (FILMS, f"{FILMS}?q=samurai", address(film), f"{FILMS}add/", CHANGES, f"{CHANGES}?film={film.pk}"):
        assert client.get(page).status_code == looks, page
    autocomplete = "/admin/autocomplete/?term=mif&app_label=actors&model_name=credit&field_name=actor"
    assert client.get(autocomplete).status_code == looks
    assert client.post(f"{FILMS}add/", form(title="New")).status_code == writes
    assert client.post(address(film), form(film, year=1960)).status_code == writes
    assert (Film.objects.get(pk=film.pk).year == 1960) is (looks == 200)
    change = FilmChange.objects.filter(film_id=film.pk, credit_id=None).order_by("pk").first()
    answer = client.post(f"{CHANGES}{change.pk}/restore/", {"restore": f"after:{seen(film)}"})
    assert answer.status_code == goes_back
    assert client.get(f"{CHANGES}{change.pk}/restore/").status_code == (302 if looks == 302 else 405)
    for stock in (f"{CHANGES}add/", f"{CHANGES}{change.pk}/delete/"):
        assert client.get(stock).status_code in (302, 403)
    assert client.post(f"{FILMS}{film.pk}/delete/", {"post": "yes", "seen": seen(film)}).status_code == deletes
    assert Film.objects.filter(pk=film.pk).exists() is (deletes != 302 or looks == 302)


@pytest.mark.parametrize(
    "query", ["title__regex=((((", "year=1", "film=x", "film=%00", "credits__actor=1", "kind=x", "field=x"]
)
def test_undeclared_lookups_are_refused(client, curator, film, query):
    for page in (FILMS, CHANGES):
        assert client.get(f"{page}?{query}").status_code == 400


@pytest.mark.parametrize("key", ["0", "-1", "9" * 3900, "٣", "x", "_00"])
def test_an_id_that_is_no_film_is_no_error(client, curator, key):
    for page in ("change", "delete", "history"):
        assert client.get(f"{FILMS}{key}/{page}/").status_code in (302, 404)
        assert client.post(f"{FILMS}{key}/{page}/", {"post": "yes"}).status_code in (302, 404, 409)


def test_the_history_does_not_tell_of_what_was_left_empty(client, curator, film, actor):
    FilmChange.objects.all().delete()
    Credit.objects.create(film=film, actor=actor, billing=3)
    page = client.get(f"{CHANGES}?film={film.pk}").content.decode()
    assert "<b>billing:</b>" in page and "<b>character:</b>" not in page


def other_actor(first, last):
    other = Actor.objects.create(first_name=first, last_name=last)
    other.refresh_from_db()
    return other


def test_the_history_names_an_actor_who_took_the_place_of_another(client, curator, film, actor):
    other = other_actor("Takashi", "<Shimura>")
    Credit.objects.update(actor=other)
    page = client.get(f"{CHANGES}?film={film.pk}").content.decode()
    was = f'<a href="/admin/actors/actor/{actor.pk}/change/">Toshirō Mifune (#{actor.pk})</a>'
    now = f'<a href="/admin/actors/actor/{other.pk}/change/">Takashi &lt;Shimura&gt; (#{other.pk})</a>'
    assert f'<b>actor:</b> <del class="gone">{was}</del> <ins class="come">{now}</ins>' in page
    assert f"<div>{now}</div>" in page and f"<div>{was}</div>" in page  # whose part it became, and whose it was


def test_the_history_leads_to_no_actor_whom_the_reader_may_not_see(client, film, actor):
    person = User.objects.create_user("frank", is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename="view_filmchange"))
    client.force_login(person)
    Credit.objects.update(actor=other_actor("Takashi", "Shimura"))
    page = client.get(f"{CHANGES}?film={film.pk}").content.decode()
    assert f'<del class="gone">Toshirō Mifune (#{actor.pk})</del>' in page and "/admin/actors/actor/" not in page


def test_the_history_names_those_who_were_deleted_or_merged(client, curator, film, actor):
    merged, unknown = other_actor("Takashi", "Shimura"), other_actor("Un", "Known")
    Credit.objects.update(actor=unknown)
    Credit.objects.update(actor=merged)
    Actor.objects.filter(pk=merged.pk).update(first_name="Takeshi")
    Actor.objects.filter(pk=unknown.pk).delete()
    Change.objects.filter(actor_id=unknown.pk).delete()
    merge_actors((actor.pk, 1), (merged.pk, 2), {}, "carol")
    Credit.objects.all().delete()
    Actor.objects.all().delete()
    page = client.get(f"{CHANGES}?film={film.pk}").content.decode()
    mifune, takeshi = f"Toshirō Mifune (#{actor.pk}, deleted)", f"Takeshi Shimura (#{merged.pk}, deleted)"
    unknown = f"#{unknown.pk} (deleted)"
    for was, now in ((mifune, unknown), (unknown, takeshi), (takeshi, mifune)):
        assert f'<del class="gone">{was}</del> <ins class="come">{now}</ins>' in page
    assert f"<div>{mifune}</div>" in page


def test_the_history_looks_up_all_actors_of_a_page_at_once(film, actor, django_assert_num_queries):
    there, gone = ([other_actor(name, str(n)) for n in range(5)] for name in ("There", "Gone"))
    for other in (*there, *gone):
        Credit.objects.update(actor=other)
    for other in gone[:-1]:
        other.delete()
    with django_assert_num_queries(3):  # the entries, who is there, and who is not
        changes = describe_changes(FilmChange.objects.all())
    assert len(changes) == 12


def test_the_page_of_a_conflict_names_actors_and_leads_away_to_none(client, curator, film, actor):
    mine = form(film, year=1999)
    Credit.objects.update(actor=other_actor("Takashi", "Shimura"))
    page = client.post(address(film), mine).content.decode()
    assert f'<b>actor:</b> <del class="gone">Toshirō Mifune (#{actor.pk})</del>' in page
