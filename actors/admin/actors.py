"""The editors' view of actors."""

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import redirect
from django.utils.html import format_html, format_html_join
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django_countries import countries

from actors.admin.changelist import ChoiceFilter, KeysetAdminMixin, check_query, timestamp_formatter
from actors.admin.columns import address_of, column
from actors.admin.conflicts.actors import ActorConflictMixin
from actors.admin.conflicts.optimistic_locking import is_number
from actors.admin.deletion import deleted_objects_with_credits
from actors.admin.exports import ExportAdminMixin
from actors.admin.history import actor_history_url
from actors.admin.idempotency import IdempotentAddMixin
from actors.admin.merges import MergeAdminMixin
from actors.admin.widgets import NamesWidget, PlainSelect
from actors.fields import NamesField
from actors.listing.actors import LIVING_VALUES
from actors.models import Actor, Film
from actors.search import ranking
from actors.text.countries import country_name
from actors.text.normalize import fold_words
from actorsite.page_cache.memoize import memoize_for_version, read_version

# How many of an actor's parts the form has.
MAX_LISTED_FILMS = 50


class CountryFilter(ChoiceFilter):
    title = _("country")
    parameter_name = "country"

    def lookups(self, request, model_admin):
        """Offer the countries that actors have, by name."""
        language = get_language()

        def choices():
            names = sorted((country_name(code, language), code) for code in Actor.objects.countries())
            return [(code, name) for name, code in names]

        read_version(request)
        # A list that is acted upon asks twice, within a transaction.
        if not hasattr(request, "country_choices"):
            request.country_choices = memoize_for_version(request, ("countries by name", language), choices)
        return [*request.country_choices, ("none", _("Not given"))]

    def allowed(self):
        # A country that has just lost its last actor is still a country: its list is empty.
        return {"none"} | countries.countries.keys()

    def queryset(self, request, queryset):
        if self.value() is None:
            return queryset
        return queryset.filter(country="" if self.value() == "none" else self.value())


class LivingFilter(ChoiceFilter):
    title = _("whether living")
    parameter_name = "living"

    def lookups(self, request, model_admin):
        return [("yes", _("No death known")), ("no", _("Dead"))]

    def queryset(self, request, queryset):
        return {"yes": queryset.living, "no": queryset.dead, None: queryset.all}[self.value()]()


class MissingFilter(ChoiceFilter):
    title = _("what is missing")
    parameter_name = "missing"
    conditions = {
        "birth_year": ({"birth_year": None}, _("Year of birth")),
        "native_name": ({"native_name": ""}, _("Native name")),
        "biography": ({"biography": ""}, _("Biography")),
    }

    def lookups(self, request, model_admin):
        return [(key, label) for key, (_condition, label) in self.conditions.items()]

    def queryset(self, request, queryset):
        return queryset.filter(**self.conditions[self.value()][0]) if self.value() else queryset


class ActorForm(forms.ModelForm):
    """The stock form, in which what no field alone is to blame for stands beside one all the same."""

    def clean(self):
        data = super().clean()
        if data.get("first_name") == data.get("last_name") == "":
            constraint = next(rule for rule in Actor._meta.constraints if rule.name == "actor_has_a_name")
            self.add_error("first_name", constraint.violation_error_message)
        return data


@admin.register(Actor)
class ActorAdmin(
    ActorConflictMixin, IdempotentAddMixin, MergeAdminMixin, ExportAdminMixin, KeysetAdminMixin, admin.ModelAdmin
):
    form = ActorForm
    list_display = ["listed_name", "native_name", "shown_country", "birth_year", "death_year", "changed"]
    list_filter = [LivingFilter, MissingFilter, CountryFilter]
    list_per_page = 50
    # Only what an index serves: the list must answer alike at a million rows.
    sortable_by = ["listed_name"]
    search_fields = ["search"]
    search_help_text = _("Any part of the first, last, native or other names; accents and case do not matter.")
    readonly_fields = ["version", "last_update", "listed_films"]
    fieldsets = [
        (_("Name"), {"fields": [("first_name", "last_name"), "native_name", "also_known_as"]}),
        (_("Life"), {"fields": [("birth_year", "death_year"), "country", "biography"]}),
        (_("Record"), {"fields": [("version", "last_update")]}),
    ]
    save_on_top = True
    actions = ["merge_selected"]

    class Media:
        css = {"all": ["actors/editors.css"]}

    @admin.display(description=_("name"), ordering="sort_last")
    def listed_name(self, actor):
        """The name as the list is sorted, last name first."""
        return ", ".join(filter(None, (actor.last_name, actor.first_name))) or str(actor)

    @column(description=_("country"))
    def shown_country(self):
        # Of a field with choices the stock list gathers all the countries, for each row.
        language = get_language()
        return lambda actor: country_name(actor.country, language)

    @column(description=_("last change"))
    def changed(self):
        moment = timestamp_formatter()
        return lambda actor: moment(actor.last_update)

    def formfield_for_dbfield(self, field, request, **kwargs):
        """Other names are written one a line."""
        if isinstance(field, NamesField):
            kwargs["widget"] = NamesWidget()
        elif field.choices:
            kwargs["widget"] = PlainSelect()
        return super().formfield_for_dbfield(field, request, **kwargs)

    def get_fieldsets(self, request, actor=None):
        *fieldsets, record = self.fieldsets
        if actor is None:
            return fieldsets  # a new actor has no record yet
        if self.admin_site.get_model_admin(Film).has_view_permission(request):
            fieldsets.append((_("Films"), {"fields": ["listed_films"]}))
        return [*fieldsets, record]

    @admin.display(description=_("films"))
    def listed_films(self, actor):
        """The actor's parts, the newest first, as links to the forms of their films."""
        shown = ("actor", "character", "film__title", "film__year")
        credits = list(actor.credits.newest_first().only(*shown)[: MAX_LISTED_FILMS + 1])
        form = address_of("admin:actors_film_change")
        rows = [(form(credit.film_id), credit.film, credit.character) for credit in credits[:MAX_LISTED_FILMS]]
        parts = ((at, film, format_html(" · {}", character) if character else "") for at, film, character in rows)
        more = format_html("<li>{}</li>", gettext("… and more")) if len(credits) > MAX_LISTED_FILMS else ""
        listed = format_html_join("", '<li><a href="{}">{}</a>{}</li>', parts)
        return format_html('<ul class="films">{}{}</ul>', listed, more) if rows else "–"

    def get_search_results(self, request, queryset, search_term):
        """Whom the public search has best: to find in order of name who ends in Z would be to read all the others."""
        check_query(search_term)
        if not search_term:
            return queryset, False
        if getattr(request, "wants_all", False):
            return (queryset.search(search_term) if fold_words(search_term) else queryset.none()), False
        country, living = request.GET.get("country", ""), request.GET.get("living", "")
        found = ranking.rank_actors(
            search_term,
            country=country if country in countries else "",
            living=living if living in LIVING_VALUES else "",
        )
        request.found_more = found.more
        return queryset.filter(pk__in=[pk for _tier, _key, pk in found.places]), False

    def get_deleted_objects(self, actors, request):
        return deleted_objects_with_credits(actors, "actor")

    def view_on_site(self, actor):
        return actor.get_absolute_url()

    def history_view(self, request, object_id, extra_context=None):
        """The whole history, not the stock one, which knows only what was done in the admin."""
        if not is_number(object_id):
            raise Http404
        if not self.has_view_permission(request):
            raise PermissionDenied
        return redirect(actor_history_url(object_id))
