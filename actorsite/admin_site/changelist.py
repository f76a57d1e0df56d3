"""Shared parts of admin lists: declared lookups, a bounded search and filters that check their values."""

from django import forms
from django.contrib import admin
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.views.main import SEARCH_VAR, ChangeList, ChangeListSearchForm
from django.core.exceptions import SuspiciousOperation

from actorsite.admin_site.mixin_base import ModelAdminMixin

MAX_SEARCH_LENGTH = 200


class SearchForm(ChangeListSearchForm):
    """Search box of a list. Text over MAX_SEARCH_LENGTH is refused with a message."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields = {SEARCH_VAR: forms.CharField(required=False, strip=False, max_length=MAX_SEARCH_LENGTH)}


class BoundedChangeList(ChangeList):
    """Django's list with a bounded search box."""

    search_form_class = SearchForm


def check_query(text):
    """Check a search text that has not passed SearchForm, such as that of autocompletion.

    Raises:
        SuspiciousOperation: The text is too long or contains NUL (400).
    """
    if "\x00" in text or len(text) > MAX_SEARCH_LENGTH:
        raise SuspiciousOperation("The search text is too long or contains NUL.")


class DeclaredLookupsMixin(ModelAdminMixin):
    """ModelAdmin mixin that allows only the declared filters in a list's URL.

    Django itself allows any lookup of a model's own fields, including
    ``last_name__regex=((((``. Other lookups raise DisallowedModelAdminLookup (400).
    """

    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def get_changelist(self, request, **kwargs):
        """Return the class of the list, with a bounded search box."""
        return BoundedChangeList

    def lookup_allowed(self, lookup, value, request):
        """Return whether ``lookup`` belongs to a declared filter."""
        declared: set[str] = set()
        for item in self.get_list_filter(request):
            if isinstance(item, str):
                declared |= {f"{item}__exact", f"{item}__isnull", f"{item}__id__exact"}
            elif parameter := getattr(item, "parameter_name", None):
                declared.add(parameter)
        return lookup in declared

    def get_search_results(self, request, queryset, search_term):
        """Return Django's results for a search text that ``check_query`` accepts."""
        check_query(search_term)
        return super().get_search_results(request, queryset, search_term)


class ChoiceFilter(admin.SimpleListFilter):
    """List filter that refuses values it does not offer (400)."""

    def value(self):
        """Return the value in the URL. Raises DisallowedModelAdminLookup if it is not allowed."""
        value = super().value()
        if value is not None and value not in self.allowed():
            raise DisallowedModelAdminLookup(f"{self.parameter_name} has an invalid value")
        return value

    def allowed(self):
        """Return the accepted values. Subclasses may accept more than they offer."""
        return {str(choice) for choice, _label in self.lookup_choices}
