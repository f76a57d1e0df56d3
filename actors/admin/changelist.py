"""Admin change lists for large tables: keyset pagination, no COUNT(*)."""

from urllib.parse import urlencode

from django.core.exceptions import SuspiciousOperation
from django.core.paginator import Page, Paginator
from django.http import QueryDict
from django.utils.timezone import get_current_timezone

from actors.db import keyset
from actors.search.ranking import MAX_RANKED
from actorsite.admin_site.changelist import BoundedChangeList, DeclaredLookupsMixin

CURSOR_PARAMS = ("after", "before")


class KeysetChangeList(BoundedChangeList):
    """ChangeList with keyset pagination: no COUNT(*), and every page costs the same.

    The parameters ``after`` and ``before`` are cursors: the page begins
    after the row of ``after``, or ends before the row of ``before``. Rows are
    ordered by one indexed column, then by id.
    """

    def __init__(self, request, *args, **kwargs):
        original = request.GET
        self.cursors = {name: original.get(name, "") for name in CURSOR_PARAMS}
        # Links to other filters and sort orders must not contain the cursor: they start at the first page.
        request.GET = QueryDict(mutable=True)
        for name, values in original.lists():
            if name not in CURSOR_PARAMS:
                request.GET.setlist(name, values)
        try:
            super().__init__(request, *args, **kwargs)
        finally:
            request.GET = original
        # Keep the cursor, so that saving a form returns to this page, not to the first one.
        self.preserved_filters = self.model_admin.get_preserved_filters(request)

    def get_results(self, request):
        """Fetch the page.

        Raises:
            SuspiciousOperation: A cursor is invalid or belongs to a list with other parameters (400).
        """
        first = str(self.get_ordering(request, self.queryset)[0])
        key, descending = first.lstrip("-").replace("pk", "id"), first.startswith("-")
        view = f"{self.opts.label}?{urlencode(sorted(self.params.items()))}"

        def fetch(after: str = "", before: str = "") -> keyset.KeysetPage | None:
            return keyset.keyset_page(
                self.queryset, key, self.list_per_page, view, after=after, before=before, descending=descending
            )

        try:
            # If the rows of the page were deleted, show the first page.
            page = fetch(**self.cursors) or fetch() or keyset.KeysetPage([], None, None)
        except keyset.InvalidCursorError:
            raise SuspiciousOperation("The cursor is invalid or belongs to another list.") from None
        self.result_list = page.rows
        # The number of listed results, if the search has more.
        self.best = MAX_RANKED if getattr(request, "found_more", False) else None
        # Django's templates read these attributes. Here they describe only this page.
        self.result_count = len(page.rows)
        self.full_result_count = None
        self.show_admin_actions = bool(page.rows)
        self.show_full_result_count = self.can_show_all = self.multi_page = self.show_all = False
        self.paginator = None
        self.previous = page.previous and self.get_query_string({"before": page.previous})
        self.next = page.next and self.get_query_string({"after": page.next})


class UncountedPage(Page):
    """Page that knows whether another page follows, but not how many there are."""

    def __init__(self, rows, number, paginator, has_next):
        super().__init__(rows, number, paginator)
        self.more = has_next

    def has_next(self):
        """Return whether there is a next page."""
        return self.more

    def has_other_pages(self):
        """Return whether there is a previous or next page."""
        return self.number > 1 or self.more


class UncountedPaginator(Paginator):
    """Paginator for autocompletion without COUNT(*): at most ``deepest`` pages.

    It fetches one row more than a page has, to know whether another page follows.
    """

    deepest = 50

    @property
    def count(self):
        """Return the maximum number of rows on all pages. Rows are not counted."""
        return self.deepest * self.per_page

    def page(self, number):
        """Return a page without counting the rows."""
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        rows = list(self.object_list[start : start + self.per_page + 1])
        return UncountedPage(rows[: self.per_page], number, self, len(rows) > self.per_page and number < self.deepest)


def format_timestamp(timestamp, precision="minutes"):
    """Return ``timestamp`` in the current time zone, such as 2026-11-25 09:30."""
    return timestamp.astimezone(get_current_timezone()).replace(tzinfo=None).isoformat(" ", precision)


class KeysetAdminMixin(DeclaredLookupsMixin):
    """ModelAdmin mixin for large tables: keyset pagination, no COUNT(*)."""

    paginator = UncountedPaginator

    class Media:
        css = {"all": ["actors/editors.css"]}

    def get_changelist(self, request, **kwargs):
        """Return the change list class, which has keyset pagination."""
        return KeysetChangeList
