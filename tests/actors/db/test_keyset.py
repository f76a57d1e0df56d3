"""Keyset pages: complete and in order in both directions, also if rows are written in between."""

import pytest
from django.core import signing

from actors.db import keyset
from actors.models import Actor

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]


@pytest.fixture
def cast():
    """Create twelve actors: five share a name, and one has an empty sort key."""
    names = ["Adjani", *["Brown"] * 5, "Cruz", "Čapek", "Ōkōchi", "梁朝偉", "!", "Zhang"]
    Actor.objects.bulk_create(Actor(last_name=name) for name in names)
    return list(Actor.objects.order_by("sort_last", "id"))


def page(size=5, view="v", **cursors):
    return keyset.keyset_page(Actor.objects.all(), "sort_last", size, view, **cursors)


def pages_forward(size):
    found = [page(size)]
    while found[-1].next:
        found.append(page(size, after=found[-1].next))
    return found


@pytest.mark.parametrize("size", [1, 2, 3, 5, 6, 11, 12, 13])
def test_forward_pages_have_every_row_once_in_order(cast, size):
    pages = pages_forward(size)
    assert [actor for one in pages for actor in one.rows] == cast
    assert pages[0].previous is None
    assert all(one.previous for one in pages[1:])


@pytest.mark.parametrize("size", [1, 2, 3, 5, 6, 11])
def test_backward_pages_equal_forward_pages(cast, size):
    pages = pages_forward(size)
    current = pages[-1]
    for expected in reversed(pages[1:-1]):
        current = page(size, before=current.previous)
        assert current.rows == expected.rows
        assert current.next
    assert page(size, before=current.previous) is None, "only the first page is left"


def test_empty_table_has_one_empty_page():
    assert page() == keyset.KeysetPage(rows=[], previous=None, next=None)


def test_row_added_or_deleted_before_a_page_does_not_shift_it(cast):
    first = page()
    expected = page(after=first.next).rows
    Actor.objects.create(last_name="Aaa")
    cast[1].delete()
    assert page(after=first.next).rows == expected


def test_cursor_of_a_deleted_row_is_still_valid(cast):
    token = page().next
    cast[4].delete()
    assert page(after=token).rows == cast[5:10]
    assert page(after=token).previous


def test_page_after_deletion_of_all_its_rows_is_none(cast):
    last = pages_forward(5)[-2].next
    Actor.objects.filter(pk__in=[actor.pk for actor in cast[8:]]).delete()
    assert page(after=last) is None


def test_page_backward_has_no_next_if_later_rows_are_deleted(cast):
    token = keyset.make_cursor((cast[11].sort_last, cast[11].pk), "v")
    cast[11].delete()
    assert page(before=token).rows == cast[6:11]
    assert page(before=token).next is None


def test_cursor_of_a_row_never_changes(cast):
    assert page().next == page().next


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: token[:-1],
        lambda token: token[1:],
        lambda token: token.replace(":", "", 1),
        lambda token: token + "A" * 10_000,
        lambda token: "A" * 10_000,
        lambda token: "é\u202e:",
        lambda token: f"WyJhIiwxXQ:{token.partition(':')[2]}",
    ],
)
def test_forged_cursor_is_refused(cast, spoil):
    token = spoil(page().next)
    for cursors in ({"after": token}, {"before": token}):
        with pytest.raises(keyset.InvalidCursorError):
            page(**cursors)


def test_cursor_of_another_list_is_refused(cast):
    with pytest.raises(keyset.InvalidCursorError):
        page(view="other", after=page().next)


def test_page_needs_one_query_without_cursor_and_two_with_cursor(cast, django_assert_num_queries):
    with django_assert_num_queries(1):
        token = page().next
    with django_assert_num_queries(2):
        middle = page(after=token)
    with django_assert_num_queries(2):
        page(size=4, before=middle.next)


def test_named_tuples_have_the_same_pages_as_models(cast):
    def ids(rows, **cursors):
        found = keyset.keyset_page(rows, "sort_last", 5, "v", **cursors)
        return [row.id for row in found.rows], found.previous, found.next

    models, tuples = Actor.objects.all(), Actor.objects.values_list("id", "sort_last", named=True)
    first = ids(tuples)
    assert first == ids(models) and first[2]
    assert ids(tuples, after=first[2]) == ids(models, after=first[2])
    last = ids(tuples, start="z")
    assert last == ids(models, start="z") and ids(tuples, before=last[1]) == ids(models, before=last[1])


def test_cursors_from_earlier_releases_are_valid(cast):
    """Bookmarks and clients of the API contain them. Each cursor contains the view that it is valid in."""
    token = signing.Signer(salt="actors.paging:v").sign_object([cast[4].sort_last, cast[4].pk], compress=True)
    assert page(after=token).rows == cast[5:10]
