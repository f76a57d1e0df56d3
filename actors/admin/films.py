"""Films and their casts in the admin."""

from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.http import Http404
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from actors.admin.changelist import KeysetAdminMixin, format_timestamp
from actors.admin.conflicts.field_conflicts import reopen_conflict
from actors.admin.conflicts.films import (
    CREDIT_PREFIX,
    MAX_CAST_ROWS,
    MAX_CONFLICT_INPUTS,
    cast_of,
    count_inputs,
    film_conflict,
    film_state_at,
    follow_merges_in_form,
    offer_edited_actors,
    resolved_film,
    unseen_changes,
)
from actors.admin.conflicts.optimistic_locking import OptimisticLockingMixin
from actors.admin.credit_picker import (
    ActorPicker,
    ActorPickerField,
    UnmatchedName,
    add_unmatched_errors,
    match_edited_names,
    match_written_names,
)
from actors.admin.deletion import deleted_objects_with_credits
from actors.admin.exports import ExportAdminMixin
from actors.admin.film_history import describe_changes, film_history_url
from actors.admin.idempotency import IdempotentAddMixin
from actors.admin.params import is_number, number_in
from actors.exports import records as data
from actors.history.films import last_change_id, lock_film
from actors.models import Credit, Film, FilmChange
from actors.search import ranking
from actors.text.normalize import fold_words
from actorsite.admin_site.changelist import check_query


class Cast(admin.StackedInline):
    """Cast of a film. Actors are chosen by autocompletion, since there may be millions.

    Stacked, because the fields of a tabular inline have no labels for screen readers.
    """

    model = Credit
    autocomplete_fields = ["actor"]
    fields = [("actor", "character", "billing")]
    extra = 1
    verbose_name_plural = _("Cast")

    def get_queryset(self, request):
        """Return the credits, with their actors fetched in the same query."""
        return super().get_queryset(request).select_related("actor")

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        """Return the form field; for the actor, an ActorPickerField with a message for an actor that was deleted."""
        if db_field.name == "actor":
            kwargs |= {"widget": ActorPicker(db_field, self.admin_site), "form_class": ActorPickerField}
        formfield = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if formfield and db_field.name == "actor":
            formfield.error_messages["invalid_choice"] = _(
                "This actor was deleted. Choose another actor or remove the row."
            )
        return formfield


@admin.register(Film)
class FilmAdmin(OptimisticLockingMixin, IdempotentAddMixin, ExportAdminMixin, KeysetAdminMixin, admin.ModelAdmin):
    """Films with their casts, which share one form and one version token."""

    list_display = ["listed_title", "original_title", "year", "changed"]
    list_per_page = 50
    sortable_by = ["listed_title"]
    search_fields = ["search"]
    search_help_text = _("Any part of the title or the original title. Accents and case do not matter.")
    readonly_fields = ["last_update"]
    fields = ["title", "original_title", "year", "last_update"]
    inlines = [Cast]
    export_fields = data.FILM_FIELDS
    save_on_top = True

    @admin.display(description=_("title"), ordering="sort_title")
    def listed_title(self, film):
        """Return the title, or the id of a film without a title."""
        return film.title or f"#{film.pk}"

    @admin.display(description=_("last change"))
    def changed(self, film):
        """Return the time of the last change, in UTC."""
        return format_timestamp(film.last_update)

    def get_fields(self, request, film=None):
        """Return the fields, without the last change for a new film."""
        return self.fields if film else self.fields[:-1]

    def get_search_results(self, request, queryset, search_term):
        """Return the best results of the public search; for an export, all results, as for actors."""
        check_query(search_term)
        if not search_term:
            return queryset, False
        if getattr(request, "wants_all", False):
            return (queryset.search(search_term) if fold_words(search_term) else queryset.none()), False
        results = ranking.rank_films(search_term)
        request.found_more = results.more
        return queryset.filter(pk__in=[pk for _tier, _key, pk in results.positions]), False

    def get_deleted_objects(self, films, request):
        """Return a bounded list of the films and their credits."""
        return deleted_objects_with_credits(films, "film")

    def view_on_site(self, film):
        """Return the URL of the public page."""
        return film.get_absolute_url()

    def history_view(self, request, object_id, extra_context=None):
        """Redirect to the film's history. Django's own history page shows only changes made in the admin."""
        if not is_number(object_id):
            raise Http404
        if not self.has_view_permission(request):
            raise PermissionDenied
        return redirect(film_history_url(object_id))

    # Optimistic locking

    deleted_meanwhile = _("The film was deleted while you were editing")
    changes_template = "admin/actors/film/changes.html"

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        """Show or save the form. An invalid id returns 404; too many cast rows return 400."""
        if object_id is not None and not is_number(object_id):
            raise Http404
        total = request.POST.get("credits-TOTAL_FORMS", "")
        if (is_number(total) and int(total) > MAX_CAST_ROWS) or len(total) > 10:
            raise SuspiciousOperation("More rows than a form can have.")
        rows = [f"{CREDIT_PREFIX}{n}" for n in range(number_in(request.POST, "credits-TOTAL_FORMS") or 0)]
        request.POST, all_matched = match_written_names(request.POST, rows)
        request.POST = follow_merges_in_form(request.POST)
        if "_resolve" in request.POST:
            request.POST = match_edited_names(request.POST)
        context = {"seen": last_change_id(object_id) if object_id else 0, **(extra_context or {})}
        if not all_matched:
            return self.unmatched_names_view(request, object_id, form_url, context)
        try:
            return super().changeform_view(request, object_id, form_url, context)
        except IntegrityError:
            # An actor was deleted or merged after validation. Validate again, to show an error or use the survivor.
            request.POST = follow_merges_in_form(request.POST)
            return super().changeform_view(request, object_id, form_url, context)

    def unmatched_names_view(self, request, object_id, form_url, context):
        """Return the form with its errors. It keeps the submitted version token, to detect conflicts."""
        context["seen"] = request.POST.get("seen", "")
        with transaction.atomic():
            response = super(OptimisticLockingMixin, self).changeform_view(request, object_id, form_url, context)
            # The form was valid and was saved without comparing its version token: roll back.
            if response.status_code != 200:
                raise SuspiciousOperation("An unknown actor in a form without fields for actors.")
        return response

    def version_tokens(self, objects):
        """Return {film id: id of its last change}; 0 for a film without changes."""
        films = [film.pk for film in objects]
        last = FilmChange.objects.filter(film_id__in=films).order_by().values("film_id").annotate(last=Max("id"))
        return dict.fromkeys(films, 0) | dict(last.values_list("film_id", "last"))

    def lock_at(self, pk, seen):
        """Lock the film. Raises EditConflictError unless ``seen`` is its last change."""
        lock_film(pk, -1 if seen is None else seen)

    def resolved(self, data, pk, side=""):
        """Return the form data with the chosen side of each field and credit."""
        if any(isinstance(text, UnmatchedName) for text in data.values()):
            data = data.copy()
            reopen_conflict(data)
        since = unseen_changes(pk, number_in(data, "seen") or 0)
        return resolved_film(data, film_state_at({}, cast_of(pk), since)[1], side)

    def keep_submitted(self, rows, submitted):
        """Copy the user's choices and values to ``rows``, and check the typed actor names."""
        super().keep_submitted(rows, submitted)
        add_unmatched_errors(rows)
        offer_edited_actors(rows)

    def describe_conflict(self, request, pk, now, seen):
        """Return the context of the conflict page: the rows to choose from, and the changes since ``seen``."""
        rows, same, since, base_known = film_conflict(request.POST, pk, now, seen)
        add_unmatched_errors(rows)
        shown = FilmChange.objects.filter(film_id=pk)
        select = AutocompleteSelect(Credit._meta.get_field("actor"), self.admin_site)
        select.is_required = True
        return {
            "rows": rows,
            "same": same,
            "since": describe_changes(shown.filter(credit_id=None)[:1] if now is None else since[:20] or shown[:5]),
            "base_known": base_known,
            "mark": last_change_id(pk),
            "too_many": sum(map(count_inputs, rows)) > MAX_CONFLICT_INPUTS,
            "select": select.build_attrs({}),
            "media": select.media,
        }
