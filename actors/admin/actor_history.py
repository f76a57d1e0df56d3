"""Actor history in the admin: recent changes, and restoring earlier states."""

from html import escape
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db.models import OuterRef, Subquery
from django.http import HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext_lazy as _

from actors.admin.changelist import KeysetAdminMixin, format_timestamp
from actors.admin.conflicts.optimistic_locking import conflict_notice
from actors.admin.params import is_number
from actors.history.actors import TRACKED_FIELDS, changed_fields, restore_actor
from actors.history.attribution import attributed_to
from actors.history.errors import EditConflictError, NotRestorableError
from actors.history.word_diff import word_diff
from actors.models import Actor, Batch, Change
from actors.models.labels import verbose_name_of
from actors.text.countries import country_name
from actorsite.admin_site.changelist import ChoiceFilter


def actor_history_url(pk):
    """Return the URL of an actor's history."""
    return f"{reverse('admin:actors_change_changelist')}?actor={pk}"


def render_difference(name, old, new):
    """Return the difference between two values of the field ``name`` as HTML, with country names instead of codes."""
    if name == "country":
        language = get_language()
        old, new = (value and (country_name(value, language) or value) for value in (old, new))
    return render_text_difference(old, new)


def render_text_difference(old, new):
    """Return the difference between two texts as HTML: deleted words struck out, inserted words underlined."""
    pieces = (_DIFF_HTML[kind].format(escape(text)) for kind, text in word_diff(old, new))
    return SafeString(" ".join(pieces))


def render_replacement(old, new):
    """Return ``old`` struck out, followed by ``new`` underlined. Arguments and result are HTML."""
    return SafeString(f"{_DIFF_HTML['gone'].format(old)} {_DIFF_HTML['come'].format(new)}")


_DIFF_HTML = {"same": "{}", "gone": '<del class="gone">{}</del>', "come": '<ins class="come">{}</ins>'}


class KindFilter(ChoiceFilter):
    """Filter by type: added, changed or deleted."""

    title = _("type")
    parameter_name = "kind"

    def lookups(self, request, model_admin):
        """Return the choices as (value, label) pairs."""
        return Change.KINDS

    def queryset(self, request, queryset):
        """Return the rows that match the chosen value."""
        return queryset.filter(kind=self.value()) if self.value() else queryset


class OriginFilter(ChoiceFilter):
    """Filter by source: the admin, an import, a command or SQL."""

    title = _("source")
    parameter_name = "origin"

    def lookups(self, request, model_admin):
        """Return the choices as (value, label) pairs."""
        return Change.ORIGINS

    def queryset(self, request, queryset):
        """Return the rows that match the chosen value."""
        if self.value() == "import" and queryset.model is Change:
            # The index on the source leaves out imports, because indexing them would slow down an import of a million
            # rows. So start the scan at the newest change of the last import.
            last = Batch.objects.filter(kind="import").exclude(added=0, changed=0).order_by("-pk").first()
            newest = Change.objects.filter(batch=last).order_by("-pk").first() if last else None
            queryset = queryset.filter(pk__lte=newest.pk) if newest else queryset.none()
        return queryset.filter(origin=self.value()) if self.value() else queryset


class FieldFilter(ChoiceFilter):
    """Filter by changed field."""

    title = _("field")
    parameter_name = "field"

    def lookups(self, request, model_admin):
        """Return the choices as (value, label) pairs."""
        return [(name, capfirst(verbose_name_of(Actor, name))) for name in TRACKED_FIELDS]

    def queryset(self, request, queryset):
        """Return the rows that match the chosen value."""
        return queryset.filter(kind="~", fields__contains=self.value()) if self.value() else queryset


class UserFilter(ChoiceFilter):
    """Filter by the user who made the change. It offers up to 100 staff members, and accepts any user name."""

    title = _("user")
    parameter_name = "who"

    def lookups(self, request, model_admin):
        """Return up to 100 staff members, and the chosen user."""
        staff = get_user_model().objects.filter(is_staff=True).order_by("username")
        names = list(staff.values_list("username", flat=True)[:100])
        chosen = self.used_parameters.get("who")
        return [(name, name) for name in [*names, *([chosen] if chosen and chosen not in names else [])]]

    def allowed(self):
        """Return the names of the choices. A name from the URL must be a possible user name."""
        return {name for name, _label in self.lookup_choices if "\x00" not in name and len(name) <= 150}

    def queryset(self, request, queryset):
        """Return the rows that match the chosen value."""
        return queryset.filter(who=self.value()) if self.value() else queryset


class NumberFilter(ChoiceFilter):
    """Filter by the id of an object, which may be deleted. Links set it; the sidebar offers only the chosen id."""

    column = ""

    def lookups(self, request, model_admin):
        """Return only the chosen id. Links set this filter."""
        pk = self.used_parameters.get(str(self.parameter_name))
        return [(pk, f"#{pk}")] if pk else []

    def allowed(self):
        """Return the chosen id if it is a number."""
        return {value for value, _label in self.lookup_choices if is_number(value)}

    def queryset(self, request, queryset):
        """Return the rows that match the chosen value."""
        return queryset.filter(**{self.column: self.value()}) if self.value() else queryset


class ActorFilter(NumberFilter):
    """Filter by actor."""

    title = _("actor")
    parameter_name = "actor"
    column = "actor_id"


class BatchFilter(NumberFilter):
    """Filter by import or merge."""

    title = _("import")
    parameter_name = column = "batch"


class HistoryAdminMixin(KeysetAdminMixin):
    """ModelAdmin mixin for history tables: read-only, with restore buttons and the columns that the tables share."""

    # The column with the object that was changed.
    subject = ""
    list_display_links = None
    list_per_page = 50
    labeled_cells = True
    sortable_by = []
    actions = None

    def has_add_permission(self, request):
        """Refuse: database triggers write the history."""
        return False

    def has_change_permission(self, request, change=None):
        """Refuse: the history is read-only."""
        return False

    def has_delete_permission(self, request, change=None):
        """Refuse: the history is read-only."""
        return False

    def get_list_display(self, request):
        """Return the columns. Only users who may restore get the buttons."""
        back = ["back"] if request.user.has_perm("actors.restore_change") else []
        return ["when", "kind", self.subject, "what", "person", "origin", *back]

    @admin.display(description=_("when"))
    def when(self, change):
        """Return the time of the change, in UTC."""
        return format_timestamp(change.at, "seconds")

    @admin.display(description=_("user"))
    def person(self, change):
        """Return the user's name as a link to all their changes in this list."""
        return format_html('<a href="?{}">{}</a>', urlencode({"who": change.who}), change.who) if change.who else "–"

    @admin.display(description=_("actions"))
    def back(self, change):
        """Return the buttons that restore the state before or after the change."""
        seen, exists, has_before, has_after = self.restorable_states(change)
        buttons = []
        if has_before:
            buttons.append(("before", gettext("Undo this change") if exists else gettext("Undelete")))
        if has_after:
            buttons.append(("after", gettext("Go back to this version")))
        url = reverse(f"admin:{self._restore_url_name()}", args=[change.pk])
        return format_html_join(
            "",
            '<button class="button" formaction="{}" name="restore" value="{}:{}">{}</button> ',
            ((url, side, seen, label) for side, label in buttons),
        )

    def restorable_states(self, change) -> tuple:
        """Return the current version token, whether the object exists, and which states can be restored.

        Returns:
            (version token, exists, has a state before, has a state after). The buttons send the token back.
            The other values are used as booleans.
        """
        raise NotImplementedError  # not abstract: ABCMeta conflicts with ModelAdmin's metaclass

    def get_urls(self):
        """Return the URL that restores a state, followed by Django's URLs."""
        view = self.admin_site.admin_view(self.restore)
        return [path("<int:pk>/restore/", view, name=self._restore_url_name()), *super().get_urls()]

    def _restore_url_name(self):
        return f"{self.opts.app_label}_{self.opts.model_name}_restore"

    def restore(self, request, pk):
        """Restore the object to its state before or after a change. POST only; ``restore`` is "side:version token"."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not request.user.has_perm("actors.restore_change"):
            raise PermissionDenied
        change = get_object_or_404(self.model, pk=pk)
        side, _colon, seen = request.POST.get("restore", "").partition(":")
        if side not in ("before", "after") or getattr(change, side) is None or not (is_number(seen) or seen == ""):
            raise SuspiciousOperation("No such state to restore.")
        return self.restore_state(request, change, side, int(seen) if seen else None)

    def restore_state(self, request, change, side, seen):
        """Restore the state. Return a redirect, or a page that reports a conflict.

        Args:
            request: The request.
            change: The history entry to restore from.
            side: "before" or "after": the state of the entry to restore.
            seen: The version token that the editor saw; None if the actor was deleted.
        """
        raise NotImplementedError  # not abstract: ABCMeta conflicts with ModelAdmin's metaclass


@admin.register(Change)
class ChangeAdmin(HistoryAdminMixin, admin.ModelAdmin):
    """Recent changes, each actor's history, and buttons that restore earlier states."""

    subject = "actor"
    list_filter = [ActorFilter, BatchFilter, KindFilter, OriginFilter, FieldFilter, UserFilter]

    def get_queryset(self, request):
        """Return the changes, each annotated with the actor's current version as ``now``: None if deleted."""
        now = Actor.objects.filter(pk=OuterRef("actor_id")).values("version")
        return super().get_queryset(request).annotate(now=Subquery(now))

    def changelist_view(self, request, extra_context=None):
        """Show the list. If it is filtered by actor, the title names the actor."""
        title = gettext("Recent changes")
        pk = request.GET.get("actor", "")
        if is_number(pk) and (last := Change.objects.filter(actor_id=pk).first()):
            title = gettext("History of %(name)s") % {"name": last}
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    @admin.display(description=_("actor"))
    def actor(self, change):
        """Return the actor's name at the time of the change, linked to its form, or to its history if it is deleted."""
        exists = change.now is not None
        url = reverse("admin:actors_actor_change", args=[change.actor_id])
        return format_html('<a href="{}">{}</a>', url if exists else actor_history_url(change.actor_id), change)

    @admin.display(description=_("difference"))
    def what(self, change):
        """Return the differences as HTML, one line per field."""
        return format_html_join(
            "",
            "<div><b>{}:</b> {}</div>",
            (
                (verbose_name_of(Actor, name), render_difference(name, old, new))
                for name, old, new in changed_fields(change.before, change.after)
            ),
        )

    def restorable_states(self, change):
        """Return the states of an actor that can be restored. The version token is its version number."""
        return change.now or "", change.now, change.before, change.after and change.version != change.now

    def restore_state(self, request, change, side, seen):
        """Restore an actor. A deleted actor gets back the credits that were deleted with it."""
        try:
            with attributed_to(request.user.get_username(), "admin"):
                actor, lost = restore_actor(Actor.objects, change, side, seen)
        except EditConflictError as conflict:
            return conflict_notice(request, self, gettext("Nothing was restored"), [(change.actor_id, conflict.now)])
        except NotRestorableError:
            message = gettext("Nothing was restored: this version has no name, and a name is now required.")
            self.message_user(request, message, messages.ERROR)
            return redirect(actor_history_url(change.actor_id))
        self.message_user(request, gettext("%(actor)s was restored.") % {"actor": actor}, messages.SUCCESS)
        if lost:
            text = ngettext(
                "%(number)d credit was not restored because its film is deleted. "
                "Restore the film first, then the credit.",
                "%(number)d credits were not restored because their films are deleted. "
                "Restore the films first, then the credits.",
                lost,
            )
            self.message_user(request, text % {"number": lost}, messages.WARNING)
        return redirect(actor_history_url(change.actor_id))
