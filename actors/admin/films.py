"""The editors' view of films and their casts."""

from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.http import Http404
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from actors.admin.changelist import Large, check_query, moments
from actors.admin.columns import column
from actors.admin.conflicts.films import (
    MOST_INPUTS,
    MOST_ROWS,
    PREFIX,
    cast_of,
    differences,
    inputs,
    offer_edited,
    resolved_film,
    state_at,
    unseen,
    with_survivors,
)
from actors.admin.conflicts.optimistic_locking import NoLostUpdate, is_number, number_in, undecided
from actors.admin.credit_picker import ActorBox, ActorField, Written, say_who_is_not_found, with_edited, with_written
from actors.admin.deletion import with_credits
from actors.admin.exports import Exports
from actors.admin.film_history import history_address, with_names
from actors.admin.idempotency import AddedOnce
from actors.exports import records as data
from actors.history import films as filmography
from actors.models import Credit, Film, FilmChange
from actors.search import ranking
from actors.text.normalize import words


class Cast(admin.StackedInline):
    """Who is in the film, and as whom. Actors are found by name: a select box of a million would not do.

    Stacked, because the fields of the stock table have no labels that can be read aloud.
    """

    model = Credit
    autocomplete_fields = ["actor"]
    fields = [("actor", "character", "billing")]
    extra = 1
    verbose_name_plural = _("Cast")

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("actor")

    def formfield_for_foreignkey(self, field, request, **kwargs):
        if field.name == "actor":
            kwargs |= {"widget": ActorBox(field, self.admin_site), "form_class": ActorField}
        formfield = super().formfield_for_foreignkey(field, request, **kwargs)
        if field.name == "actor":
            formfield.error_messages["invalid_choice"] = _("This actor was deleted. Choose another or remove the line.")
        return formfield


@admin.register(Film)
class FilmAdmin(NoLostUpdate, AddedOnce, Exports, Large, admin.ModelAdmin):
    """Films with their casts, which are edited, and overtaken, as one."""

    list_display = ["listed_title", "original_title", "year", "changed"]
    list_per_page = 50
    sortable_by = ["listed_title"]
    search_fields = ["search"]
    search_help_text = _("Any part of either title; accents and case do not matter.")
    readonly_fields = ["last_update"]
    fields = ["title", "original_title", "year", "last_update"]
    inlines = [Cast]
    export_fields = data.FILM_FIELDS
    save_on_top = True

    @admin.display(description=_("title"), ordering="sort_title")
    def listed_title(self, film):
        return film.title or f"#{film.pk}"

    @column(description=_("last change"))
    def changed(self):
        moment = moments()
        return lambda film: moment(film.last_update)

    def get_fields(self, request, film=None):
        return self.fields if film else self.fields[:-1]  # a new film has no last change

    def get_search_results(self, request, queryset, search_term):
        """What the public search has best, as in the list of actors."""
        check_query(search_term)
        if not search_term:
            return queryset, False
        if getattr(request, "wants_all", False):
            return (queryset.search(search_term) if words(search_term) else queryset.none()), False
        found = ranking.find_films(search_term)
        request.found_more = found.more
        return queryset.filter(pk__in=[pk for _tier, _key, pk in found.places]), False

    def get_deleted_objects(self, films, request):
        return with_credits(films, "film")

    def view_on_site(self, film):
        return film.get_absolute_url()

    def history_view(self, request, object_id, extra_context=None):
        if not is_number(object_id):
            raise Http404
        if not self.has_view_permission(request):
            raise PermissionDenied
        return redirect(history_address(object_id))

    # No lost update

    deleted_meanwhile = _("The film was deleted while you were editing")
    changes_template = "admin/actors/film/changes.html"

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        if object_id is not None and not is_number(object_id):
            raise Http404
        total = request.POST.get("credits-TOTAL_FORMS", "")
        if (is_number(total) and int(total) > MOST_ROWS) or len(total) > 10:
            raise SuspiciousOperation("More rows than a form can have.")
        rows = [f"{PREFIX}{n}" for n in range(number_in(request.POST, "credits-TOTAL_FORMS") or 0)]
        request.POST, everyone = with_written(request.POST, rows)
        request.POST = with_survivors(request.POST)
        if "_resolve" in request.POST:
            request.POST = with_edited(request.POST)
        context = {"seen": filmography.last_change(object_id) if object_id else 0, **(extra_context or {})}
        if not everyone:
            return self.not_everyone(request, object_id, form_url, context)
        try:
            return super().changeform_view(request, object_id, form_url, context)
        except IntegrityError:
            # An actor was deleted or merged between the look at the form and its end: now it is seen.
            request.POST = with_survivors(request.POST)
            return super().changeform_view(request, object_id, form_url, context)

    def not_everyone(self, request, object_id, form_url, context):
        """The form again, with what is wrong, and of the state that it began with: a conflict may come after."""
        context["seen"] = request.POST.get("seen", "")
        with transaction.atomic():
            response = super(NoLostUpdate, self).changeform_view(request, object_id, form_url, context)
            if response.status_code != 200:  # saved, past all guards
                raise SuspiciousOperation("An actor who is not found, in a form that has no place for actors.")
        return response

    def marks(self, things):
        films = [film.pk for film in things]
        last = FilmChange.objects.filter(film_id__in=films).order_by().values("film_id").annotate(last=Max("id"))
        return dict.fromkeys(films, 0) | dict(last.values_list("film_id", "last"))

    def lock_at(self, pk, seen):
        filmography.lock(pk, -1 if seen is None else seen)

    def resolved(self, data, pk, side=""):
        if any(isinstance(text, Written) for text in data.values()):
            data = data.copy()
            undecided(data)
        since = unseen(pk, number_in(data, "seen") or 0)
        return resolved_film(data, state_at({}, cast_of(pk), since)[1], side)

    def keep_answer(self, rows, answer):
        super().keep_answer(rows, answer)
        say_who_is_not_found(rows)
        offer_edited(rows)

    def conflict_of(self, request, pk, now, seen):
        rows, same, since, base_known = differences(request.POST, pk, now, seen)
        say_who_is_not_found(rows)
        shown = FilmChange.objects.filter(film_id=pk)
        select = AutocompleteSelect(Credit._meta.get_field("actor"), self.admin_site)
        select.is_required = True
        return {
            "rows": rows,
            "same": same,
            "since": with_names(shown.filter(credit_id=None)[:1] if now is None else since[:20] or shown[:5]),
            "base_known": base_known,
            "mark": filmography.last_change(pk),
            "too_many": sum(map(inputs, rows)) > MOST_INPUTS,
            "select": select.build_attrs({}),
            "media": select.media,
        }
