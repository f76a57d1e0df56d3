"""Merging of actors: duplicates, merge and undo, redirects, admin pages."""

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from actors.history.duplicates import find_duplicate_pairs, may_be_same_person
from actors.history.errors import EditConflictError
from actors.history.merge import merge_actors
from actors.history.merge_redirects import merged_into
from actors.history.undo import ChangedSinceBatchError, undo_batch
from actors.models import Actor, Batch, Change, Credit, Film, Merge
from tests.actors.admin.test_imports import text
from tests.clients import client_of

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]

LIST = "/admin/actors/actor/"


@pytest.fixture
def other(actor):
    """Create a duplicate of Mifune, with one film of his own and one that both have."""
    other = Actor.objects.create(first_name="Toshiro", last_name="Mifune", birth_year=1920, biography="He was.")
    rashomon, ran = Film.objects.create(title="Rashomon"), Film.objects.create(title="Ran")
    Credit.objects.create(actor=actor, film=rashomon, character="Tajōmaru")
    Credit.objects.create(actor=other, film=rashomon, character="Tajōmaru", billing=1)
    Credit.objects.create(actor=other, film=ran)
    return other


def films(actor):
    return sorted(Credit.objects.filter(actor=actor).values_list("film__title", "character", "billing"))


# Possible duplicates


def test_duplicates_are_found_by_folded_name(actor, other):
    Actor.objects.create(first_name="Toshiro", last_name="Mifune", birth_year=2000)  # after his death
    Actor.objects.create(first_name="Cher")
    pairs, further = find_duplicate_pairs()
    found = [(one["id"], two["id"]) for one, two in pairs]
    assert (actor.pk, other.pk) in found and further == ""
    assert not any(one["death_year"] == 1997 and two["birth_year"] == 2000 for one, two in pairs)


@pytest.mark.parametrize(
    ("one", "other", "could"),
    [
        ((None, None), (None, None), True),
        ((None, 1950), (1950, None), True),
        ((1900, 1950), (1951, None), False),
        ((1951, None), (1900, 1950), False),
        ((None, 1950), (1951, None), False),
        ((1900, None), (1901, None), True),
        ((1900, None), (1902, None), False),
        ((1962, None), (1958, None), False),
        ((None, 1950), (None, 1951), True),
        ((None, 1950), (1900, 1952), False),
        ((1900, None), (None, 1950), True),
    ],
)
def test_possible_duplicates_have_compatible_years(one, other, could):
    first, second = ({"birth_year": born, "death_year": died} for born, died in (one, other))
    assert may_be_same_person(first, second) is could


def test_duplicates_are_read_in_bounded_steps(monkeypatch, django_assert_num_queries):
    monkeypatch.setattr("actors.history.duplicates.MAX_NAMES_READ", 10)
    for name in ("A", "B", "B", "C", *["D"] * 15, "E", "F", "F", "G"):
        Actor.objects.create(first_name=name)
    found, after, steps = [], "", 0
    while steps == 0 or after:
        with django_assert_num_queries(1):
            pairs, after = find_duplicate_pairs(after)
        found += [one["first_name"] for one, _other in pairs]
        steps += 1
        assert steps < 10
    assert set(found) == {"B", "D", "F"} and found.count("B") == found.count("F") == 1


# Merge and undo


def test_merge_joins_credits_and_can_be_undone(actor, other):
    pk = other.pk
    batch = merge_actors((actor.pk, 1), (pk, 1), {"biography": "He was."}, "carol")
    actor.refresh_from_db()
    assert (actor.biography, actor.version, actor.native_name) == ("He was.", 2, "三船敏郎")
    assert films(actor) == [("Ran", "", None), ("Rashomon", "Tajōmaru", None)]
    assert not Actor.objects.filter(pk=pk).exists()
    assert sorted(batch.changes.values_list("actor_id", "kind", "who", "origin")) == sorted(
        [(actor.pk, "~", "carol", "admin"), (pk, "-", "carol", "admin")]
    )
    undo_batch(batch, "dora")
    back = Actor.objects.get(pk=pk)
    assert (str(back), back.biography, films(back)) == (
        "Toshiro Mifune", "He was.", [("Ran", "", None), ("Rashomon", "Tajōmaru", 1)]
    )  # fmt: skip
    actor.refresh_from_db()
    assert (actor.biography, films(actor)) == ("", [("Rashomon", "Tajōmaru", None)])
    assert not Merge.objects.exists()
    assert set(Change.objects.filter(who="dora").values_list("kind", flat=True)) == {"~", "+"}


def test_merge_of_changed_actors_raises_conflict(actor, other):
    for seen in ((2, 1), (1, 2)):
        with pytest.raises(EditConflictError):
            merge_actors((actor.pk, seen[0]), (other.pk, seen[1]), {}, "carol")
    assert Actor.objects.count() == 2 and not Batch.objects.exists()


def test_merge_with_invalid_values_is_refused(actor, other):
    with pytest.raises(ValidationError):
        merge_actors((actor.pk, 1), (other.pk, 1), {"death_year": 1900}, "carol")
    with pytest.raises(ValueError, match="with itself"):
        merge_actors((actor.pk, 1), (actor.pk, 1), {}, "carol")
    assert Actor.objects.count() == 2 and not Batch.objects.exists() and films(other)


def test_merge_is_not_undone_after_later_changes(actor, other):
    batch = merge_actors((actor.pk, 1), (other.pk, 1), {"biography": "He was."}, "carol")
    Actor.objects.filter(pk=actor.pk).update(country="FR")
    with pytest.raises(ChangedSinceBatchError):
        undo_batch(batch, "dora")
    Actor.objects.filter(pk=actor.pk).update(country="JP")
    with pytest.raises(ChangedSinceBatchError):
        undo_batch(batch, "dora")


def test_merge_is_not_undone_if_a_moved_credit_was_deleted(actor, other):
    batch = merge_actors((actor.pk, 1), (other.pk, 1), {}, "carol")
    Credit.objects.filter(film__title="Ran").delete()
    with pytest.raises(ChangedSinceBatchError) as since:
        undo_batch(batch, "dora")
    assert since.value.ids == [actor.pk]


@pytest.mark.django_db(transaction=True)
def test_merge_is_undone_if_a_shared_film_was_deleted(actor, other):
    """Regression: the deferred foreign key of the credit failed at the commit, and every undo failed."""
    batch = merge_actors((actor.pk, 1), (other.pk, 1), {}, "carol")
    Film.objects.filter(title="Rashomon").delete()
    undo_batch(batch, "dora")
    assert films(Actor.objects.get(pk=other.pk)) == [("Ran", "", None)] and films(actor) == []


# Redirects


def test_merged_actor_redirects_to_the_survivor(client, actor, other):
    third = Actor.objects.create(first_name="Mifune", birth_year=1920)
    old = [other.get_absolute_url(), actor.get_absolute_url()]
    merge_actors((actor.pk, 1), (other.pk, 1), {}, "carol")
    batch = merge_actors((third.pk, 1), (actor.pk, 1), {}, "carol")
    for url in old:
        for end, new in (("/", third.get_absolute_url()), (".json", f"{third.get_absolute_url()[:-1]}.json")):
            response = client.get(url[:-1] + end)
            assert (response.status_code, response["Location"]) == (301, new)
    undo_batch(batch, "dora")
    assert client.get(old[0])["Location"] == actor.get_absolute_url()
    assert client.get(old[1]).status_code == 200


def test_merged_actor_redirects_to_survivor_with_the_same_name(client, actor):
    duplicate = Actor.objects.create(first_name="Toshirō", last_name="Mifune")
    url = duplicate.get_absolute_url()
    merge_actors((actor.pk, 1), (duplicate.pk, 1), {}, "carol")
    assert client.get(url)["Location"] == actor.get_absolute_url()


def test_actor_merged_into_a_deleted_actor_returns_410(client, actor, other):
    url = other.get_absolute_url()
    merge_actors((actor.pk, 1), (other.pk, 1), {}, "carol")
    actor.delete()
    assert client.get(url).status_code == 410
    assert merged_into(999_999) is None


def test_lookup_of_circular_merges_returns_none(actor):
    Merge.objects.create(batch=Batch.objects.create(kind="merge"), gone_id=801, survivor_id=802)
    Merge.objects.create(batch=Batch.objects.create(kind="merge"), gone_id=802, survivor_id=801)
    assert merged_into(801) is None


# In the admin


def test_possible_duplicates_show_years_and_countries(actor, other):
    Actor.objects.filter(pk=other.pk).update(country="US")
    page = text(client_of("Curators", "carol").get(f"{LIST}duplicates/"))
    assert f"<div>#{actor.pk} Toshirō Mifune 三船敏郎 1920–1997 Japan</div>" in page
    assert f"<div>#{other.pk} Toshiro Mifune 1920– United States of America</div>" in page


def test_curator_can_find_compare_merge_and_undo_duplicates(actor, other):
    carol = client_of("Curators", "carol")
    assert "Possible duplicates" in text(carol.get(LIST))
    page = f"{LIST}merge/?a={actor.pk}&amp;b={other.pk}"
    assert page in text(carol.get(f"{LIST}duplicates/"))
    page = page.replace("&amp;", "&")
    chosen = carol.post(LIST, {"action": "merge_selected", "_selected_action": [other.pk, actor.pk]})
    assert chosen["Location"] == page
    shown = text(carol.get(page))
    # The actor with more films survives, and gets the values that it lacks from the other.
    assert 'name="survivor" value="b" required checked' in shown
    assert 'name="take_native_name" value="a" checked' in shown
    assert 'name="take_first_name" value="b" checked' in shown
    response = carol.post(
        page, {"seen_a": 1, "seen_b": 1, "survivor": "b", "take_native_name": "a", "take_death_year": "a"}, follow=True
    )
    assert "Merged: Toshirō Mifune" in text(response)
    other.refresh_from_db()
    assert (other.native_name, other.death_year, other.first_name) == ("三船敏郎", 1997, "Toshiro")
    assert carol.get(page).status_code == 404
    undone = carol.post(f"/admin/actors/batch/{Batch.objects.get().pk}/undo/", follow=True)
    assert "Undone: 1 changed actor reverted, 1 deleted actor undeleted." in text(undone)
    assert Actor.objects.count() == 2


def test_merge_can_keep_all_names_of_both(actor):
    Actor.objects.filter(pk=actor.pk).update(also_known_as="The Wolf / Sanchuan Minlang")
    other = Actor.objects.create(last_name="Mifune Toshirou", also_known_as="the wolf / Mifune", native_name="三船敏郎")
    carol = client_of("Curators")
    page = f"{LIST}merge/?a={actor.pk}&b={other.pk}"
    all_names = "The Wolf / Sanchuan Minlang / Mifune / Mifune Toshirou"
    shown = text(carol.get(page))
    assert 'name="take_also_known_as" value="both" checked' in shown and all_names in shown
    carol.post(page, {"seen_a": 2, "seen_b": 1, "survivor": "a", "take_also_known_as": "both"})
    actor.refresh_from_db()
    assert actor.also_known_as == all_names
    carol.post(f"/admin/actors/batch/{Batch.objects.get().pk}/undo/")
    actor.refresh_from_db()
    assert actor.also_known_as == "The Wolf / Sanchuan Minlang"


def test_option_to_keep_all_names_is_offered_only_if_a_name_would_be_lost(actor, other):
    assert 'value="both"' not in text(client_of("Curators").get(f"{LIST}merge/?a={actor.pk}&b={other.pk}"))


def test_too_long_other_names_show_an_error(actor):
    Actor.objects.filter(pk=actor.pk).update(also_known_as="x" * 300)
    other = Actor.objects.create(last_name="Mifune", also_known_as="y" * 300)
    data = {"seen_a": 2, "seen_b": 1, "survivor": "a", "take_also_known_as": "both"}
    response = client_of("Curators").post(f"{LIST}merge/?a={actor.pk}&b={other.pk}", data)
    assert response.status_code == 409 and "at most 400 characters" in text(response)
    assert Actor.objects.count() == 2


def test_merge_after_a_change_returns_409(actor, other):
    carol = client_of("Curators", "carol")
    page = f"{LIST}merge/?a={actor.pk}&b={other.pk}"
    Actor.objects.filter(pk=actor.pk).update(country="FR")
    response = carol.post(page, {"seen_a": 1, "seen_b": 1, "survivor": "b"})
    assert response.status_code == 409 and "Nothing was merged" in text(response) and "Toshirō Mifune" in text(response)
    other.delete()
    response = carol.post(page, {"seen_a": 2, "seen_b": 1, "survivor": "a", "take_biography": "b"})
    assert response.status_code == 409 and Actor.objects.count() == 1


def test_invalid_merged_values_show_an_error(actor, other):
    Actor.objects.filter(pk=other.pk).update(birth_year=1998)
    response = client_of("Curators").post(
        f"{LIST}merge/?a={actor.pk}&b={other.pk}",
        {"seen_a": 1, "seen_b": 2, "survivor": "a", "take_birth_year": "b"},
    )
    assert response.status_code == 409 and "The year of death is before" in text(response)


@pytest.mark.parametrize(
    "data", [{}, {"survivor": "c"}, {"survivor": "a", "seen_a": "x"}, {"survivor": "a", "take_country": "both"}]
)
def test_invalid_choices_return_400(actor, other, data):
    response = client_of("Curators").post(f"{LIST}merge/?a={actor.pk}&b={other.pk}", {"seen_a": 1, "seen_b": 1, **data})
    assert response.status_code == 400 and Actor.objects.count() == 2


def test_invalid_merge_urls_are_refused(actor):
    carol = client_of("Curators")
    for query in ("", f"?a={actor.pk}", f"?a={actor.pk}&b={actor.pk}", "?a=1&b=x", f"?a={actor.pk}&b=999999"):
        assert carol.get(f"{LIST}merge/{query}").status_code == 404, query
    assert carol.get(f"{LIST}duplicates/?after=%00").status_code == 400
    alone = carol.post(LIST, {"action": "merge_selected", "_selected_action": [actor.pk]}, follow=True)
    assert "Select two actors to merge." in text(alone)


def test_undo_of_a_merge_offers_merge_again_instead_of_undo(client, actor, other):
    """Regression: such an undo deleted the permanent redirect, or was refused if an actor had new films."""
    carol, url, batches = client_of("Curators"), other.get_absolute_url(), "/admin/actors/batch/"
    batch = merge_actors((actor.pk, 1), (other.pk, 1), {"country": "FR"}, "carol")
    undoing = undo_batch(batch, "dora")
    page = text(carol.get(batches))
    assert f"{batches}{undoing.pk}/undo/" not in page and "Merge again" in page
    state = list(Actor.objects.values()), films(actor), films(other)
    response = carol.post(f"{batches}{undoing.pk}/undo/", follow=True)
    assert response.status_code == 200 and "Merge the two actors again instead." in text(response)
    assert (list(Actor.objects.values()), films(actor), films(other)) == state
    with pytest.raises(CommandError, match="Merge the two actors again instead"):
        call_command("undo_import", str(undoing.pk))
    merge_actors((actor.pk, 3), (other.pk, 2), {}, "carol")
    assert client.get(url)["Location"] == actor.get_absolute_url()


@pytest.mark.parametrize(
    ("role", "status"), [(None, 302), ("Editors", 403), ("Curators", 200), ("Administrators", 200)]
)
def test_merge_access_depends_on_role(actor, other, role, status):
    client = client_of(role)
    page = f"{LIST}merge/?a={actor.pk}&b={other.pk}"
    assert client.get(f"{LIST}duplicates/").status_code == status
    assert client.get(page).status_code == status
    client.post(LIST, {"action": "merge_selected", "_selected_action": [actor.pk, other.pk]})
    response = client.post(page, {"seen_a": 1, "seen_b": 1, "survivor": "a"})
    assert response.status_code == (403 if status == 403 else 302)
    assert Actor.objects.filter(pk=other.pk).exists() is (status != 200)
    if role == "Editors":
        assert "merge_selected" not in text(client.get(LIST)) and "Possible duplicates" not in text(client.get(LIST))
