"""Films and casts in the admin: history, forms, permissions, and restoring."""

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


@pytest.fixture
def curator(client):
    carol = User.objects.create_user("carol", is_staff=True)
    carol.groups.add(Group.objects.get(name="Curators"))
    client.force_login(carol)
    return carol


def seen(film):
    return FilmChange.objects.filter(film_id=film.pk).latest("pk").pk


def form(film=None, new=(), **changes):
    """Return the data of the change form as a browser submits it, with (actor, character) of ``new`` credits."""
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


def change_url(film):
    return f"{FILMS}{film.pk}/change/"


def entries():
    return list(FilmChange.objects.order_by("pk").values_list("kind", "fields", "who", "origin"))


FILM = "title original_title year"
CREDIT = "actor_id film_id character billing"


def test_each_write_adds_one_history_entry(film, actor):
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


def test_bulk_writes_add_history_entries(film, actor):
    FilmChange.objects.all().delete()
    Film.objects.bulk_create(Film(title=f"Part {n}") for n in range(3))
    Credit.objects.bulk_create(Credit(actor=actor, film=other) for other in Film.objects.filter(title__startswith="P"))
    Film.objects.filter(title__startswith="P").update(year=2000)
    assert [row[0] for row in entries()] == ["+"] * 6 + ["~"] * 3


def test_editor_can_add_film_with_cast(client, actor):
    editor(client)
    assert client.post(f"{FILMS}add/", form(new=[(actor, "Sanjuro")], title="Yojimbo", year=1961)).status_code == 302
    film = Film.objects.get(title="Yojimbo")
    assert film.credits.get().character == "Sanjuro"
    assert {row[2:] for row in entries()} == {("eve", "admin")}


def test_editor_can_change_film_and_cast(client, film, actor):
    editor(client)
    other = Actor.objects.create(first_name="Takashi", last_name="Shimura")
    page = client.get(change_url(film)).content.decode()
    assert "admin-autocomplete" in page and "Shimura" not in page  # no select box of all actors
    changed = form(film, new=[(other, "Kambei")], year=1955)
    changed["credits-0-character"] = "Kikuchiyo!"
    assert client.post(change_url(film), changed).status_code == 302
    assert set(film.credits.values_list("character", flat=True)) == {"Kikuchiyo!", "Kambei"}
    assert Film.objects.get().year == 1955


def test_actor_form_links_to_films(client, film, actor, django_assert_max_num_queries):
    editor(client)
    Credit.objects.create(actor=actor, film=Film.objects.create(title="<b>Ran</b>", year=1985))
    page = client.get(f"/admin/actors/actor/{actor.pk}/change/").content.decode()
    ran, seven = (
        page.index("&lt;b&gt;Ran&lt;/b&gt; (1985)</a></li>"),
        page.index(f'<a href="{change_url(film)}">Seven Samu'),
    )
    assert ran < seven and "Seven Samurai (1954)</a> · Kikuchiyo</li>" in page and "and more" not in page
    with CaptureQueriesContext(connection) as few:
        client.get(f"/admin/actors/actor/{actor.pk}/change/")
    films = Film.objects.bulk_create(Film(title=f"Part {n}") for n in range(60))
    Credit.objects.bulk_create(Credit(actor=actor, film=part) for part in films)
    with django_assert_max_num_queries(len(few)):
        page = client.get(f"/admin/actors/actor/{actor.pk}/change/").content.decode()
    assert page.count("Part ") == 48 and "… and more" in page


def test_actor_form_lists_no_films_without_view_permission(client, film, actor):
    bob = User.objects.create_user("bob", is_staff=True)
    bob.user_permissions.set(Permission.objects.filter(codename__in=["view_actor", "change_actor"]))
    client.force_login(bob)
    page = client.get(f"/admin/actors/actor/{actor.pk}/change/")
    assert page.status_code == 200 and "Seven Samurai" not in page.content.decode()
    assert "field-listed_films" not in client.get("/admin/actors/actor/add/").content.decode()


def test_form_with_errors_keeps_the_stored_title_as_heading(client, film):
    editor(client)
    page = client.post(change_url(film), form(film, title="", year=1899)).content.decode()
    assert page.count("<h2>Seven Samurai (1954)</h2>") == 1 and breadcrumbs(page)[-1] == "Seven Samurai (1954)"


def overtake_by_title(film):
    Film.objects.update(title="The Seven")


def overtake_by_cast(film):
    film.credits.update(character="Another")


@pytest.mark.parametrize(
    ("total", "status"),
    [("", 409), ("x", 409), ("-1", 409), ("200", 409), ("201", 400), ("100000", 400), ("9" * 400, 400)],
)
def test_malformed_number_of_rows_returns_409_or_400(client, film, total, status):
    editor(client)
    mine = form(film) | {"credits-TOTAL_FORMS": total}
    overtake_by_cast(film)
    assert client.post(change_url(film), mine).status_code == status
    assert film.credits.get().character == "Another"


@pytest.mark.parametrize("token", ["", "x", "-1", "9" * 30, "٣"])
def test_form_without_valid_version_returns_409(client, film, token):
    editor(client)
    assert client.post(change_url(film), form(film, seen=token)).status_code == 409


def test_deletion_of_a_changed_film_returns_409(client, curator, film):
    token = seen(film)
    overtake_by_cast(film)
    delete = f"{FILMS}{film.pk}/delete/"
    assert client.post(delete, {"post": "yes", "seen": token}).status_code == 409
    assert Film.objects.exists()
    assert client.post(delete, {"post": "yes", "seen": seen(film)}).status_code == 302
    assert not Film.objects.exists() and not Credit.objects.exists()


# Restoring


def restore_state(client, change, side):
    token = seen(Film(pk=change.film_id))
    return client.post(f"{CHANGES}{change.pk}/restore/", {"restore": f"{side}:{token}"}, follow=True)


def test_undeleted_film_has_its_id_and_cast(client, curator, film, actor):
    earlier = Film.objects.create(title="Removed before")
    Credit.objects.create(film=earlier, actor=actor)
    pk, credits = film.pk, list(Credit.objects.filter(film=film).values())
    with attributed_to("carol", "admin"):
        film.delete()
    page = client.get(f"{CHANGES}?film={pk}")
    assert "Undelete" in page.content.decode() and "Kikuchiyo" in page.content.decode()
    response = restore_state(client, FilmChange.objects.get(film_id=pk, credit_id=None, kind="-"), "before")
    assert "Seven Samurai (1954) was restored." in response.content.decode()
    assert list(Credit.objects.filter(film_id=pk).values()) == credits
    assert FilmChange.objects.first().who == "carol"
    assert "Undelete" not in client.get(f"{CHANGES}?film={pk}").content.decode(), "the film and its cast are back"


def test_undeleted_actor_has_its_credits(client, curator, film, actor):
    other = Film.objects.create(title="Rashomon")
    Credit.objects.create(film=other, actor=actor, character="Tajōmaru")
    credits = list(Credit.objects.order_by("pk").values())
    with attributed_to("carol", "admin"):
        actor.delete()
    assert not Credit.objects.exists()
    change = Change.objects.get(kind="-")
    client.post(f"/admin/actors/change/{change.pk}/restore/", {"restore": "before:"})
    assert list(Credit.objects.order_by("pk").values()) == credits


def test_undeleted_actor_lacks_credits_of_deleted_films(client, curator, film, actor):
    with attributed_to("carol", "admin"):
        actor.delete()
    film.delete()
    change = Change.objects.get(kind="-")
    client.post(f"/admin/actors/change/{change.pk}/restore/", {"restore": "before:"})
    assert Actor.objects.exists() and not Credit.objects.exists()


def test_film_and_credit_states_can_be_restored(client, curator, film):
    overtake_by_title(film)
    overtake_by_cast(film)
    for change in FilmChange.objects.filter(kind="~"):
        restore_state(client, change, "before")
    assert Film.objects.get().title == "Seven Samurai"
    assert Credit.objects.get().character == "Kikuchiyo"


def test_credit_is_not_restored_if_the_same_credit_exists(client, curator, film, actor):
    Credit.objects.get().delete()
    change = FilmChange.objects.get(kind="-")
    Credit.objects.create(film=film, actor=actor, character="Kikuchiyo")
    assert "Nothing was restored" in restore_state(client, change, "before").content.decode()
    Credit.objects.all().delete()
    restore_state(client, change, "before")
    assert Credit.objects.get().pk == change.credit_id


def test_restore_of_a_changed_film_is_refused(client, curator, film):
    overtake_by_title(film)
    change, token = FilmChange.objects.filter(kind="~").get(), seen(film)
    overtake_by_cast(film)
    page = client.post(f"{CHANGES}{change.pk}/restore/", {"restore": f"before:{token}"}, follow=True)
    assert "someone changed the entry after you opened the history" in page.content.decode()
    assert Film.objects.get().title == "The Seven"


@pytest.mark.parametrize("value", ["", "before", "after:1", "sideways:1", "before:x"])
def test_malformed_restore_returns_400(client, curator, film, value):
    overtake_by_title(film)
    pk = FilmChange.objects.filter(credit_id=None, kind="+").get().pk
    value = value.replace("after:1", "before:1")
    assert client.post(f"{CHANGES}{pk}/restore/", {"restore": value}).status_code == 400


@pytest.mark.parametrize(
    ("field", "expected"),
    [("title", 1), ("original_title", 1), ("year", 0), ("actor", 1), ("character", 1), ("billing", 0)],
)
def test_field_filter_finds_changes_of_the_field(client, curator, film, field, expected):
    other = Actor.objects.create(first_name="Other")
    Film.objects.filter(pk=film.pk).update(title="Another", original_title="Another")
    Credit.objects.update(character="Another")
    Credit.objects.update(actor=other)
    page = client.get(f"{CHANGES}?field={field}")
    assert len(page.context["cl"].result_list) == expected
    assert "<h1>Recent changes of films and casts</h1>" in page.content.decode()
    assert "<h1>History of Another</h1>" in client.get(f"{CHANGES}?film={film.pk}").content.decode()


# Permissions


def curators(client):
    carol = User.objects.create_user("carol", is_staff=True)
    carol.groups.add(Group.objects.get(name="Curators"))
    client.force_login(carol)


@pytest.mark.parametrize(
    ("role", "view_status", "save_status", "delete_status", "restore_status"),
    [
        (nobody, 302, 302, 302, 302),
        (plain_staff, 403, 403, 403, 403),
        (editor_without_staff, 302, 302, 302, 302),
        (editor, 200, 302, 403, 403),
        (curators, 200, 302, 302, 302),
        (administrator, 200, 302, 302, 302),
    ],
)
def test_film_access_depends_on_role(
    client, film, actor, role, view_status, save_status, delete_status, restore_status
):
    role(client)
    for page in (FILMS, f"{FILMS}?q=samurai", change_url(film), f"{FILMS}add/", CHANGES, f"{CHANGES}?film={film.pk}"):
        assert client.get(page).status_code == view_status, page
    autocomplete = "/admin/autocomplete/?term=mif&app_label=actors&model_name=credit&field_name=actor"
    assert client.get(autocomplete).status_code == view_status
    assert client.post(f"{FILMS}add/", form(title="New")).status_code == save_status
    assert client.post(change_url(film), form(film, year=1960)).status_code == save_status
    assert (Film.objects.get(pk=film.pk).year == 1960) is (view_status == 200)
    change = FilmChange.objects.filter(film_id=film.pk, credit_id=None).order_by("pk").first()
    response = client.post(f"{CHANGES}{change.pk}/restore/", {"restore": f"after:{seen(film)}"})
    assert response.status_code == restore_status
    assert client.get(f"{CHANGES}{change.pk}/restore/").status_code == (302 if view_status == 302 else 405)
    for page in (f"{CHANGES}add/", f"{CHANGES}{change.pk}/delete/"):
        assert client.get(page).status_code in (302, 403)
    assert client.post(f"{FILMS}{film.pk}/delete/", {"post": "yes", "seen": seen(film)}).status_code == delete_status
    assert Film.objects.filter(pk=film.pk).exists() is (delete_status != 302 or view_status == 302)


@pytest.mark.parametrize(
    "query", ["title__regex=((((", "year=1", "film=x", "film=%00", "credits__actor=1", "kind=x", "field=x"]
)
def test_undeclared_lookups_return_400(client, curator, film, query):
    for page in (FILMS, CHANGES):
        assert client.get(f"{page}?{query}").status_code == 400


@pytest.mark.parametrize("key", ["0", "-1", "9" * 3900, "٣", "x", "_00"])
def test_invalid_film_id_returns_302_404_or_409(client, curator, key):
    for page in ("change", "delete", "history"):
        assert client.get(f"{FILMS}{key}/{page}/").status_code in (302, 404)
        assert client.post(f"{FILMS}{key}/{page}/", {"post": "yes"}).status_code in (302, 404, 409)


def test_film_history_omits_empty_fields(client, curator, film, actor):
    FilmChange.objects.all().delete()
    Credit.objects.create(film=film, actor=actor, billing=3)
    page = client.get(f"{CHANGES}?film={film.pk}").content.decode()
    assert "<b>billing:</b>" in page and "<b>character:</b>" not in page


def other_actor(first, last):
    other = Actor.objects.create(first_name=first, last_name=last)
    other.refresh_from_db()
    return other


def test_film_history_names_both_actors_of_a_changed_credit(client, curator, film, actor):
    other = other_actor("Takashi", "<Shimura>")
    Credit.objects.update(actor=other)
    page = client.get(f"{CHANGES}?film={film.pk}").content.decode()
    was = f'<a href="/admin/actors/actor/{actor.pk}/change/">Toshirō Mifune (#{actor.pk})</a>'
    now = f'<a href="/admin/actors/actor/{other.pk}/change/">Takashi &lt;Shimura&gt; (#{other.pk})</a>'
    assert f'<b>actor:</b> <del class="gone">{was}</del> <ins class="come">{now}</ins>' in page
    assert f"<div>{now}</div>" in page and f"<div>{was}</div>" in page  # the actors after the change, and before it


def test_film_history_links_no_actors_without_view_permission(client, film, actor):
    person = User.objects.create_user("frank", is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename="view_filmchange"))
    client.force_login(person)
    Credit.objects.update(actor=other_actor("Takashi", "Shimura"))
    page = client.get(f"{CHANGES}?film={film.pk}").content.decode()
    assert f'<del class="gone">Toshirō Mifune (#{actor.pk})</del>' in page and "/admin/actors/actor/" not in page


def test_film_history_names_deleted_and_merged_actors(client, curator, film, actor):
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


def test_film_history_fetches_all_actors_in_two_queries(film, actor, django_assert_num_queries):
    existing, deleted = ([other_actor(name, str(n)) for n in range(5)] for name in ("There", "Gone"))
    for other in (*existing, *deleted):
        Credit.objects.update(actor=other)
    for other in deleted[:-1]:
        other.delete()
    with django_assert_num_queries(3):  # the entries, existing actors, and deleted actors
        changes = describe_changes(FilmChange.objects.all())
    assert len(changes) == 12


def test_conflict_page_names_actors_without_links(client, curator, film, actor):
    mine = form(film, year=1999)
    Credit.objects.update(actor=other_actor("Takashi", "Shimura"))
    page = client.post(change_url(film), mine).content.decode()
    assert f'<b>actor:</b> <del class="gone">Toshirō Mifune (#{actor.pk})</del>' in page
