"""Actors in the admin."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django_countries import countries

from actors.admin.actor_history import actor_history_url
from actors.admin.changelist import KeysetAdminMixin, format_timestamp
from actors.admin.conflicts.actors import ActorConflictMixin
from actors.admin.deletion import deleted_objects_with_credits
from actors.admin.exports import ExportAdminMixin
from actors.admin.idempotency import IdempotentAddMixin
from actors.admin.merges import MergeAdminMixin
from actors.admin.params import is_number
from actors.admin.widgets import NamesWidget
from actors.fields import NamesField
from actors.listing.actors import LIVING_VALUES
from actors.models import Actor, Film
from actors.search import ranking
from actors.text.countries import country_name
from actors.text.normalize import fold_words
from actorsite.admin_site.changelist import ChoiceFilter, check_query
from actorsite.page_cache.memoize import memoize_for_version

# Maximum number of films listed on the form of an actor.
MAX_LISTED_FILMS = 50


class CountryFilter(ChoiceFilter):
    """Filter by country. It offers only countries that at least one actor has."""

    title = _("country")
    parameter_name = "country"

    def lookups(self, request, model_admin):
        """Return the countries of the stored actors, ordered by name, and "Not given"."""
        language = get_language()

        def choices():
            names = sorted((country_name(code, language), code) for code in Actor.objects.countries())
            return [(code, name) for name, code in names]

        # Store them on the request: an action builds the filters twice, in a transaction, where nothing is cached.
        if not hasattr(request, "country_choices"):
            request.country_choices = memoize_for_version(request, ("countries by name", language), choices)
        return [*request.country_choices, ("none", _("Not given"))]

    def allowed(self):
        """Return "none" and the codes of all countries."""
        # A country may lose its last actor. Links to it then show an empty list instead of an error.
        return {"none"} | countries.countries.keys()

    def queryset(self, request, queryset):
        """Return the actors from the chosen country, or those without a country."""
        if self.value() is None:
            return queryset
        return queryset.filter(country="" if self.value() == "none" else self.value())


class LivingFilter(ChoiceFilter):
    """Filter by whether a year of death is known."""

    title = _("living or deceased")
    parameter_name = "living"

    def lookups(self, request, model_admin):
        """Return the choices as (value, label) pairs."""
        return [("yes", _("No known year of death")), ("no", _("Deceased"))]

    def queryset(self, request, queryset):
        """Return the rows that match the chosen value."""
        return {"yes": queryset.living, "no": queryset.deceased, None: queryset.all}[self.value()]()


class MissingFilter(ChoiceFilter):
    """Filter by a field that is empty."""

    title = _("missing field")
    parameter_name = "missing"
    conditions: ClassVar[dict[str, tuple[dict[str, Any], Promise]]] = {
        "birth_year": ({"birth_year": None}, _("Year of birth")),
        "native_name": ({"native_name": ""}, _("Native name")),
        "biography": ({"biography": ""}, _("Biography")),
    }

    def lookups(self, request, model_admin):
        """Return the choices as (value, label) pairs."""
        return [(key, label) for key, (_condition, label) in self.conditions.items()]

    def queryset(self, request, queryset):
        """Return the rows that match the chosen value."""
        value = self.value()
        return queryset.filter(**self.conditions[value][0]) if value else queryset


class ActorForm(forms.ModelForm):
    """Form that reports a missing name on the field of the first name. Django would report it above the form."""

    def clean(self):
        """Require a first or last name. Return the cleaned data."""
        data = super().clean() or self.cleaned_data
        if data.get("first_name") == data.get("last_name") == "":
            constraint = next(rule for rule in Actor._meta.constraints if rule.name == "actor_has_a_name")
            self.add_error("first_name", str(constraint.violation_error_message))
        return data


@admin.register(Actor)
class ActorAdmin(
    ActorConflictMixin, IdempotentAddMixin, MergeAdminMixin, ExportAdminMixin, KeysetAdminMixin, admin.ModelAdmin
):
    """Admin of actors."""

    form = ActorForm
    list_display = ["listed_name", "native_name", "shown_country", "birth_year", "death_year", "changed"]
    list_filter = [LivingFilter, MissingFilter, CountryFilter]
    list_per_page = 50
    # Only indexed columns, so that the list stays fast at a million rows.
    sortable_by = ["listed_name"]
    search_fields = ["search"]
    search_help_text = _("Any part of the first, last, native or other names. Accents and case do not matter.")
    readonly_fields = ["version", "last_update", "listed_films"]
    fieldsets = [
        (_("Name"), {"fields": [("first_name", "last_name"), "native_name", "also_known_as"]}),
        (_("Life"), {"fields": [("birth_year", "death_year"), "country", "biography"]}),
        (_("Version"), {"fields": [("version", "last_update")]}),
    ]
    save_on_top = True
    actions = ["merge_selected"]

    @admin.display(description=_("name"), ordering="sort_last")
    def listed_name(self, actor):
        """Return "Last, First", as the list is sorted, or ``str(actor)`` if both names are empty."""
        return ", ".join(filter(None, (actor.last_name, actor.first_name))) or str(actor)

    @admin.display(description=_("country"))
    def shown_country(self, actor):
        """Return the country's name in the current language."""
        # For a field with choices, Django would build the list of all countries again for each row.
        return country_name(actor.country, get_language())

    @admin.display(description=_("last change"))
    def changed(self, actor):
        """Return the time of the last change, in UTC."""
        return format_timestamp(actor.last_update)

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        """Return the form field; other names get a text area with one name per line."""
        if isinstance(db_field, NamesField):
            kwargs["widget"] = NamesWidget()
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_fieldsets(self, request, actor=None):
        """Return the fieldsets: no version for a new actor, and films only for users who may view them."""
        *fieldsets, record = self.fieldsets
        if actor is None:
            return fieldsets
        if self.admin_site.get_model_admin(Film).has_view_permission(request):
            fieldsets.append((_("Films"), {"fields": ["listed_films"]}))
        return [*fieldsets, record]

    @admin.display(description=_("films"))
    def listed_films(self, actor):
        """Return the actor's films, newest first, as links to their forms."""
        fields = ("actor", "character", "film__title", "film__year")
        credits = list(actor.credits.newest_first().only(*fields)[: MAX_LISTED_FILMS + 1])
        items = (
            (
                reverse("admin:actors_film_change", args=[credit.film_id]),
                credit.film,
                format_html(" · {}", credit.character) if credit.character else "",
            )
            for credit in credits[:MAX_LISTED_FILMS]
        )
        more = format_html("<li>{}</li>", gettext("… and more")) if len(credits) > MAX_LISTED_FILMS else ""
        listed = format_html_join("", '<li><a href="{}">{}</a>{}</li>', items)
        return format_html('<ul class="films">{}{}</ul>', listed, more) if credits else "–"

    def get_search_results(self, request, queryset, search_term):
        """Return the best results of the public search; for an export, all results.

        Sorting all results by name for a page could mean reading every row.
        """
        check_query(search_term)
        if not search_term:
            return queryset, False
        if getattr(request, "wants_all", False):
            return (queryset.search(search_term) if fold_words(search_term) else queryset.none()), False
        country, living = request.GET.get("country", ""), request.GET.get("living", "")
        results = ranking.rank_actors(
            search_term,
            country=country if country in countries else "",
            living=living if living in LIVING_VALUES else "",
        )
        request.found_more = results.more
        return queryset.filter(pk__in=[pk for _tier, _key, pk in results.positions]), False

    def get_deleted_objects(self, actors, request):
        """Return a bounded list of the actors and their credits."""
        return deleted_objects_with_credits(actors, "actor")

    def view_on_site(self, actor):
        """Return the URL of the public page."""
        return actor.get_absolute_url()

    def history_view(self, request, object_id, extra_context=None):
        """Redirect to the actor's history. Django's own history page shows only changes made in the admin."""
        if not is_number(object_id):
            raise Http404
        if not self.has_view_permission(request):
            raise PermissionDenied
        return redirect(actor_history_url(object_id))
