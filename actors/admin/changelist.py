"""What the lists of the admin have in common: declared filters, a bounded search, pages without counts."""

from html import escape
from urllib.parse import quote_plus, urlencode

from django import forms
from django.contrib import admin
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import SEARCH_VAR, ChangeList, ChangeListSearchForm
from django.core.exceptions import SuspiciousOperation
from django.core.paginator import Paginator
from django.http import QueryDict
from django.utils.safestring import SafeString
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext as stock_text  # in Django's catalogue: not gathered into ours
from django.utils.translation import gettext_lazy as _

from actors.admin.columns import column
from actors.admin.widgets import ActionForm
from actors.db import keyset
from actors.search.ranking import MAX_RANKED

MAX_SEARCH_LENGTH = 200
CURSOR_PARAMS = ("after", "before")


class SearchForm(ChangeListSearchForm):
    """The list's search box; what is longer than a name can be is refused with a message."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields = {SEARCH_VAR: forms.CharField(required=False, strip=False, max_length=MAX_SEARCH_LENGTH)}


class BoundedChangeList(ChangeList):
    search_form_class = SearchForm


class KeysetChangeList(BoundedChangeList):
    """A list without counts, whose every page costs the same: `after` and `before` name the row it begins or ends at.

    The rows are in the order of one column and then of the id, which an index serves.
    """

    def __init__(self, request, *args, **kwargs):
        asked = request.GET
        self.place = {name: asked.get(name, "") for name in CURSOR_PARAMS}
        # Links to other filters and orders begin at their first page.
        request.GET = QueryDict(mutable=True)
        for name, values in asked.lists():
            if name not in CURSOR_PARAMS:
                request.GET.setlist(name, values)
        try:
            super().__init__(request, *args, **kwargs)
        finally:
            request.GET = asked
        # Whoever comes back from a form comes back to this page.
        self.preserved_filters = self.model_admin.get_preserved_filters(request)

    def get_results(self, request):
        """Fetch the page. Raises SuspiciousOperation (400) for a place that is not from a link of this very list."""
        first = self.get_ordering(request, self.queryset)[0]
        order = {"key": first.lstrip("-").replace("pk", "id"), "descending": first.startswith("-")}
        view = urlencode(sorted(self.params.items()))
        try:
            found = keyset.keyset_page(
                self.queryset, size=self.list_per_page, view=f"{self.opts.label}?{view}", **order, **self.place
            )
        except keyset.InvalidCursor:
            raise SuspiciousOperation("A place in another list, or in none.") from None
        if found is None:
            found = keyset.keyset_page(
                self.queryset, size=self.list_per_page, view=f"{self.opts.label}?{view}", **order
            )
        self.result_list = found.rows
        # How many of a search are shown, where it has found more.
        self.best = MAX_RANKED if getattr(request, "found_more", False) else None
        # What the stock templates call so is what is on the page.
        self.result_count = len(found.rows)
        self.full_result_count = None
        self.show_admin_actions = bool(found.rows)
        self.show_full_result_count = self.can_show_all = self.multi_page = self.show_all = False
        self.paginator = None
        self.previous = found.previous and self.get_query_string({"before": found.previous})
        self.next = found.next and self.get_query_string({"after": found.next})


class UncountedPaginator(Paginator):
    """Pages of autocompletion, which asks for the next while one scrolls; nothing is counted."""

    deepest = 50

    @property
    def count(self):
        return self.deepest * self.per_page

    def page(self, number):
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        rows = list(self.object_list[start : start + self.per_page + 1])
        page = super()._get_page(rows[: self.per_page], number, self)
        page.has_next = lambda: len(rows) > self.per_page and number < self.deepest
        page.has_other_pages = lambda: number > 1 or page.has_next()
        return page


def timestamp_formatter(precision="minutes"):
    """Return what makes of a time what lists show, such as 2026-11-25 09:30."""
    zone = get_current_timezone()
    return lambda at: at.astimezone(zone).replace(tzinfo=None).isoformat(" ", precision)


def check_query(text):
    """Raise SuspiciousOperation (400) for what the list's form would not let through.

    Autocompletion reads the address without that form.
    """
    if "\x00" in text or len(text) > MAX_SEARCH_LENGTH:
        raise SuspiciousOperation("The search text is too long or holds NUL.")


class DeclaredLookupsMixin:
    """Mixed into a ModelAdmin: its list answers to the declared filters and to nothing else.

    The stock admin lets an address filter by any lookup of a model's own
    fields, ``last_name__regex=((((`` included. Raises DisallowedModelAdminLookup
    (400) through the list.
    """

    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def get_changelist(self, request, **kwargs):
        return BoundedChangeList

    def lookup_allowed(self, lookup, value, request):
        declared = set()
        for item in self.get_list_filter(request):
            if isinstance(item, str):
                declared |= {f"{item}__exact", f"{item}__isnull", f"{item}__id__exact"}
            else:
                declared.add(item.parameter_name)
        return lookup in declared

    def get_search_results(self, request, queryset, search_term):
        check_query(search_term)
        return super().get_search_results(request, queryset, search_term)


class KeysetAdminMixin(DeclaredLookupsMixin):
    """Mixed into the ModelAdmin of what there may be millions of."""

    paginator = UncountedPaginator
    action_form = ActionForm

    @column()
    def action_checkbox(self):
        """The stock box. A widget renders two templates for each: a fifth of the whole list's time."""
        label = stock_text("Select this object for an action - {}")
        return lambda row: SafeString(
            f'<input type="checkbox" name="{ACTION_CHECKBOX_NAME}" value="{row.pk}" class="action-select" '
            f'aria-label="{label.format(escape(str(row)))}">'
        )

    def get_changelist(self, request, **kwargs):
        return KeysetChangeList


class ChoiceFilter(admin.SimpleListFilter):
    """A filter that refuses a value it does not offer."""

    template = "admin/actors/filter.html"

    def value(self):
        value = super().value()
        if value is not None and value not in self.allowed():
            raise DisallowedModelAdminLookup(f"{self.parameter_name} has no such choice")
        return value

    def allowed(self):
        return {str(choice) for choice, _label in self.lookup_choices}

    def choices(self, changelist):
        """Return the stock choices. Their addresses differ in the choice alone, and are made of one."""
        chosen = self.value()
        yield {
            "selected": chosen is None,
            "query_string": changelist.get_query_string(remove=[self.parameter_name]),
            "display": _("All"),
        }
        # No other parameter can hold this: "=" is escaped within a value.
        one = changelist.get_query_string({self.parameter_name: ""})
        before, name, after = one.partition(f"{self.parameter_name}=")
        for choice, label in self.lookup_choices:
            yield {
                "selected": chosen == str(choice),
                "query_string": f"{before}{name}{quote_plus(str(choice))}{after}",
                "display": label,
            }
