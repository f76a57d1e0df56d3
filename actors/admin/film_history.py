"""Film history in the admin: changes of films and casts, and restoring earlier states."""

from html import escape

from django.contrib import admin, messages
from django.core.exceptions import SuspiciousOperation
from django.db.models import Max, TextField, Value
from django.db.models.functions import Concat
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from actors.admin.actor_history import (
    HistoryAdminMixin,
    KindFilter,
    NumberFilter,
    OriginFilter,
    UserFilter,
    render_replacement,
    render_text_difference,
)
from actors.admin.params import is_number
from actors.history.attribution import attributed_to
from actors.history.errors import EditConflictError, NotRestorableError
from actors.history.films import TRACKED_FILM_FIELDS, restore_film
from actors.models import Actor, Change, Credit, Film, FilmChange
from actors.models.labels import concrete_field, verbose_name_of
from actorsite.admin_site.changelist import ChoiceFilter


def film_history_url(film_id):
    """Return the URL of a film's history."""
    return f"{reverse('admin:actors_filmchange_changelist')}?film={film_id}"


def describe_changes(changes, linked=False):
    """Return ``changes`` as a list, each with ``actor`` (None if deleted), ``actor_name`` and ``what`` (HTML).

    The number of queries does not depend on the number of actors. If ``linked``, the names are links to the actors'
    forms.
    """
    changes = list(changes)
    sides = (side for change in changes if change.credit_id for side in (change.before, change.after) if side)
    pks = {side["actor_id"] for side in sides}
    actors = Actor.objects.only("first_name", "last_name").in_bulk(pks)
    names = {**_actor_names(actors, linked), **_deleted_actor_names(pks - actors.keys())}
    for change in changes:
        change.actor = actors.get(change.actor_id)
        change.actor_name = names[change.actor_id] if change.credit_id else ""
        change.what = describe_change(change, names)
    return changes


def _actor_names(actors, linked):
    link = '<a href="{}">{}</a>' if linked else "{1}"
    texts = {pk: str(actor) if _is_nameless(str(actor), pk) else f"{actor} (#{pk})" for pk, actor in actors.items()}
    return {pk: format_html(link, reverse("admin:actors_actor_change", args=[pk]), text) for pk, text in texts.items()}


def _is_nameless(name, pk):
    return name == f"#{pk}"


def _deleted_actor_names(pks):
    """Return {id: HTML} of deleted actors: their most recent names in the history, or only their ids."""
    if not pks:
        return {}
    last = Change.objects.filter(actor_id__in=pks).order_by().values("actor_id").annotate(last=Max("id"))
    changes = Change.objects.filter(pk__in=last.values("last"))
    known = {change.actor_id: str(change) for change in changes if not _is_nameless(str(change), change.actor_id)}
    with_name, without = gettext("%(name)s (#%(id)s, deleted)"), gettext("#%(id)s (deleted)")
    texts = {pk: (with_name if pk in known else without) % {"name": known.get(pk), "id": pk} for pk in pks}
    return {pk: SafeString(escape(text)) for pk, text in texts.items()}


def describe_change(change, names):
    """Return the differences as HTML, one line per field; for a credit, the actor's name comes first.

    Args:
        change: A FilmChange.
        names: {id: name as HTML} of the actors.
    """
    model = Credit if change.credit_id else Film
    actor_name = format_html("<div>{}</div>", change.actor_name) if change.credit_id else ""
    before, after = change.before or {}, change.after or {}
    fields = [field.attname for field in model._meta.concrete_fields if field.attname in {**before, **after}]
    rows = [
        (
            verbose_name_of(model, name.removesuffix("_id")),
            render_replacement(*(names[side[name]] for side in (before, after)))
            if name == "actor_id"
            else render_text_difference(*("" if side.get(name) is None else side[name] for side in (before, after))),
        )
        for name in fields
        if name != "film_id"
        and (before.get(name) or None) != (after.get(name) or None)  # None and "" are the same to a reader
        and not (name == "actor_id" and change.kind != "~")
    ]
    return format_html("{}{}", actor_name, format_html_join("", "<div><b>{}:</b> {}</div>", rows))


class FilmFilter(NumberFilter):
    """Filter by film."""

    title = _("film")
    parameter_name = "film"
    column = "film_id"


class FilmFieldFilter(ChoiceFilter):
    """Filter by the changed field, of a film or of a credit."""

    title = _("field")
    parameter_name = "field"
    fields = dict.fromkeys(TRACKED_FILM_FIELDS, Film) | dict.fromkeys(("actor", "character", "billing"), Credit)

    def lookups(self, request, model_admin):
        """Return the choices as (value, label) pairs."""
        return [(name, capfirst(verbose_name_of(model, name))) for name, model in self.fields.items()]

    def queryset(self, request, queryset):
        """Return the rows that match the chosen value."""
        if not (name := self.value()):
            return queryset
        # Match whole names: "original_title" contains "title".
        spaced = Concat(Value(" "), "fields", Value(" "), output_field=TextField())
        column = concrete_field(self.fields[name], name).attname
        changes = queryset.alias(spaced=spaced).filter(kind="~", spaced__contains=f" {column} ")
        return changes.filter(credit_id__isnull=self.fields[name] is Film)


@admin.register(FilmChange)
class FilmChangeAdmin(HistoryAdminMixin, admin.ModelAdmin):
    """Recent changes of films and casts, each film's history, and buttons that restore earlier states."""

    subject = "film"
    list_filter = [FilmFilter, KindFilter, OriginFilter, FilmFieldFilter, UserFilter]

    def changelist_view(self, request, extra_context=None):
        """Show the list. If it is filtered by film, the title names the film."""
        title = gettext("Recent changes of films and casts")
        pk = request.GET.get("film", "")
        if is_number(pk) and (last := FilmChange.objects.filter(film_id=pk, credit_id=None).first()):
            title = gettext("History of %(name)s") % {"name": last}
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def get_changelist_instance(self, request):
        """Return the list, with the films and actors of its page fetched in bulk."""
        changelist = super().get_changelist_instance(request)
        linked = self.admin_site.get_model_admin(Actor).has_view_permission(request)
        changes = describe_changes(changelist.result_list, linked)
        films = Film.objects.in_bulk({change.film_id for change in changes})
        credits = Credit.objects.in_bulk({change.credit_id for change in changes if change.credit_id})
        last = FilmChange.objects.filter(film_id__in={change.film_id for change in changes}).order_by()
        seen = dict(last.values("film_id").annotate(last=Max("id")).values_list("film_id", "last"))
        for change in changes:
            change.film = films.get(change.film_id)
            change.seen = seen[change.film_id]
            change.exists = (change.credit_id in credits) if change.credit_id else bool(change.film)
        changelist.result_list = changes
        return changelist

    @admin.display(description=_("film"))
    def film(self, change):
        """Return the film as a link to its form, or its title or id as a link to its history if it is deleted."""
        if change.film:
            url, name = reverse("admin:actors_film_change", args=[change.film_id]), change.film
        else:
            url, name = film_history_url(change.film_id), f"#{change.film_id}" if change.credit_id else change
        return format_html('<a href="{}">{}</a>', url, name)

    @admin.display(description=_("difference"))
    def what(self, change):
        """Return the differences as HTML: see describe_changes."""
        return change.what

    def restorable_states(self, change):
        """Return the states of a film or credit that can be restored. The version token is the film's last change."""
        return change.seen, change.exists, change.before is not None, change.after is not None

    def restore_state(self, request, change, side, seen):
        """Restore a film or a credit. A deleted film gets back the credits that were deleted with it."""
        # Every film has history entries, so the form always sends a version token.
        if seen is None:
            raise SuspiciousOperation("No such state to restore.")
        try:
            with attributed_to(request.user.get_username(), "admin"):
                film, lost = restore_film(change, side, seen)
        except EditConflictError:
            message = gettext(
                "Nothing was restored: someone changed the entry after you opened the history. "
                "Check its current version, then try again."
            )
            self.message_user(request, message, messages.ERROR)
        except NotRestorableError:
            message = gettext("Nothing was restored: the film or the actor was deleted, or this credit already exists.")
            self.message_user(request, message, messages.ERROR)
        else:
            self.message_user(request, gettext("%(film)s was restored.") % {"film": film}, messages.SUCCESS)
            if lost:
                text = ngettext(
                    "%(number)d credit was not restored because its actor is deleted. "
                    "Restore the actor first, then the credit.",
                    "%(number)d credits were not restored because their actors are deleted. "
                    "Restore the actors first, then the credits.",
                    lost,
                )
                self.message_user(request, text % {"number": lost}, messages.WARNING)
        return redirect(film_history_url(change.film_id))
