"""The recent changes, and the way back to any state."""

from functools import cache
from html import escape
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db.models import OuterRef, Subquery
from django.http import HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext_lazy as _

from actors.admin.changelist import ChoiceFilter, KeysetAdminMixin, timestamp_formatter
from actors.admin.columns import address_of, column
from actors.admin.conflicts.optimistic_locking import conflict_notice, is_number
from actors.history.actors import TRACKED_FIELDS, changed_fields, restore_actor
from actors.history.attribution import attributed_to
from actors.history.errors import EditConflict
from actors.history.word_diff import word_diff
from actors.models import Actor, Batch, Change
from actors.text.countries import country_name


def actor_history_url(pk):
    return f"{reverse('admin:actors_change_changelist')}?actor={pk}"


def person_link_column():
    """Return what makes of an entry the person in it, as a link to all of that person's in the same list."""

    @cache
    def link(who):
        return SafeString(f'<a href="?{urlencode({"who": who})}">{escape(who)}</a>') if who else "–"

    return lambda change: link(change.who)


def render_difference(name, old, new, language=None):
    """Return the change of one field as HTML: words that went struck out, words that came underlined.

    ``language`` is the one that is spoken now, where the caller knows it.
    """
    if name == "country":
        language = language or get_language()
        old, new = (value and (country_name(value, language) or value) for value in (old, new))
    return render_text_difference(old, new)


def render_text_difference(old, new):
    """Return what leads from one text to the other as HTML: what went struck out, what came underlined."""
    pieces = (_DIFF_HTML[kind].format(escape(text)) for kind, text in word_diff(old, new))
    return SafeString(" ".join(pieces))


def render_replacement(old, new):
    """Return that one thing came in place of another, each HTML: the first struck out, the second underlined."""
    return SafeString(f"{_DIFF_HTML['gone'].format(old)} {_DIFF_HTML['come'].format(new)}")


def restore_buttons(view):
    """Return what makes the buttons that lead back: of an entry's number, the state seen, and (side, label) pairs."""
    address = address_of(view)
    return lambda pk, seen, sides: SafeString(
        "".join(
            f'<button class="button" formaction="{address(pk)}" name="restore" value="{side}:{seen}">{escape(label)}'
            "</button> "
            for side, label in sides
        )
    )


_DIFF_HTML = {"same": "{}", "gone": '<del class="gone">{}</del>', "come": '<ins class="come">{}</ins>'}


class KindFilter(ChoiceFilter):
    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request, model_admin):
        return Change.KINDS

    def queryset(self, request, queryset):
        return queryset.filter(kind=self.value()) if self.value() else queryset


class OriginFilter(ChoiceFilter):
    title = _("origin")
    parameter_name = "origin"

    def lookups(self, request, model_admin):
        return Change.ORIGINS

    def queryset(self, request, queryset):
        if self.value() == "import" and queryset.model is Change:
            # No index has the imports, of which a million would pay for it: the last one says where to begin.
            last = Batch.objects.filter(kind="import").exclude(added=0, changed=0).order_by("-pk").first()
            newest = Change.objects.filter(batch=last).order_by("-pk").first() if last else None
            queryset = queryset.filter(pk__lte=newest.pk) if newest else queryset.none()
        return queryset.filter(origin=self.value()) if self.value() else queryset


class FieldFilter(ChoiceFilter):
    title = _("field")
    parameter_name = "field"

    def lookups(self, request, model_admin):
        return [(name, capfirst(Actor._meta.get_field(name).verbose_name)) for name in TRACKED_FIELDS]

    def queryset(self, request, queryset):
        return queryset.filter(kind="~", fields__contains=self.value()) if self.value() else queryset


class PersonFilter(ChoiceFilter):
    """Whoever stands in an entry; those who can sign in here are offered."""

    title = _("person")
    parameter_name = "who"

    def lookups(self, request, model_admin):
        staff = get_user_model().objects.filter(is_staff=True).order_by("username")
        names = list(staff.values_list("username", flat=True)[:100])
        chosen = self.used_parameters.get("who")
        return [(name, name) for name in [*names, *([chosen] if chosen and chosen not in names else [])]]

    def allowed(self):
        return {name for name, _label in self.lookup_choices if "\x00" not in name and len(name) <= 150}

    def queryset(self, request, queryset):
        return queryset.filter(who=self.value()) if self.value() else queryset


class NumberFilter(ChoiceFilter):
    """The entries of one thing, which may be gone, by its number; offered only by the links that lead there."""

    column = ""

    def lookups(self, request, model_admin):
        pk = self.used_parameters.get(self.parameter_name)
        return [(pk, f"#{pk}")] if pk else []

    def allowed(self):
        return {value for value, _label in self.lookup_choices if is_number(value)}

    def queryset(self, request, queryset):
        return queryset.filter(**{self.column: self.value()}) if self.value() else queryset


class ActorFilter(NumberFilter):
    title = _("actor")
    parameter_name = "actor"
    column = "actor_id"


class BatchFilter(NumberFilter):
    title = _("import")
    parameter_name = column = "batch"


class HistoryAdminMixin(KeysetAdminMixin):
    """Mixed into the ModelAdmin of a history, read only: the columns that all histories have."""

    # The name of the view that leads back.
    restore_view = ""
    list_display_links = None
    list_per_page = 50
    labelled_cells = True
    sortable_by = []
    actions = None

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, change=None):
        return False

    def has_delete_permission(self, request, change=None):
        return False

    @column(description=_("when"))
    def when(self):
        moment = timestamp_formatter("seconds")
        return lambda change: moment(change.at)

    @column(description=_("who"))
    def person(self):
        """Who it was, which leads to what else they did."""
        return person_link_column()

    @column(description=_("go back"))
    def back(self):
        buttons = restore_buttons(self.restore_view)
        to_before, undelete = gettext("Restore the state before"), gettext("Undelete")
        to_this = gettext("Restore this state")

        def cell(change):
            seen, there, before, after = self.ways_back(change)
            sides = [("before", to_before if there else undelete)] if before else []
            return buttons(change.pk, seen, [*sides, ("after", to_this)] if after else sides)

        return cell

    def ways_back(self, change) -> tuple:
        """Return the state seen, whether the thing is there, and whether one can go back to before and to after."""
        raise NotImplementedError  # each history's own; an abstract class would ask for another metaclass


@admin.register(Change)
class ChangeAdmin(HistoryAdminMixin, admin.ModelAdmin):
    """The recent changes, and each actor's history: read only, and the way back to any state."""

    restore_view = "admin:actors_change_restore"
    list_filter = [ActorFilter, BatchFilter, KindFilter, OriginFilter, FieldFilter, PersonFilter]

    class Media:
        css = {"all": ["actors/editors.css"]}

    def get_queryset(self, request):
        now = Actor.objects.filter(pk=OuterRef("actor_id")).values("version")
        return super().get_queryset(request).annotate(now=Subquery(now))

    def changelist_view(self, request, extra_context=None):
        title = gettext("Recent changes")
        pk = request.GET.get("actor", "")
        if is_number(pk) and (last := Change.objects.filter(actor_id=pk).first()):
            title = gettext("History of %(name)s") % {"name": last}
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def get_list_display(self, request):
        back = [self.back] if request.user.has_perm("actors.restore_change") else []
        return [self.when, "kind", self.actor, self.what, self.person, "origin", *back]

    @column(description=_("actor"))
    def actor(self):
        """The actor's name at the time, which leads to its form; of one that is gone, to its history."""
        form, gone = address_of("admin:actors_actor_change"), actor_history_url("")

        def link(change):
            address = form(change.actor_id) if change.now else f"{gone}{change.actor_id}"
            return SafeString(f'<a href="{address}">{escape(str(change))}</a>')

        return link

    @column(description=_("what"))
    def what(self):
        """Field by field, what went and what came."""
        language = get_language()
        labels = {name: escape(str(Actor._meta.get_field(name).verbose_name)) for name in TRACKED_FIELDS}
        return lambda change: SafeString(
            "".join(
                f"<div><b>{labels[name]}:</b> {render_difference(name, old, new, language)}</div>"
                for name, old, new in changed_fields(change.before, change.after)
            )
        )

    def ways_back(self, change):
        return change.now or "", change.now, change.before, change.after and change.version != change.now

    def get_urls(self):
        restore = path("<int:pk>/restore/", self.admin_site.admin_view(self.restore), name="actors_change_restore")
        return [restore, *super().get_urls()]

    def restore(self, request, pk):
        """Give the actor of a change the state before or after it: POST ``restore``, "side:version seen"."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not request.user.has_perm("actors.restore_change"):
            raise PermissionDenied
        change = get_object_or_404(Change, pk=pk)
        side, _colon, seen = request.POST.get("restore", "").partition(":")
        if side not in ("before", "after") or getattr(change, side) is None or not (is_number(seen) or seen == ""):
            raise SuspiciousOperation("No such way back.")
        try:
            with attributed_to(request.user.get_username(), "admin"):
                actor, lost = restore_actor(Actor.objects, change, side, int(seen) if seen else None)
        except EditConflict as overtaken:
            return conflict_notice(request, self, gettext("Nothing was restored"), [(change.actor_id, overtaken.now)])
        self.message_user(request, gettext("%(actor)s is restored.") % {"actor": actor}, messages.SUCCESS)
        if lost:
            text = ngettext(
                "%(number)d part did not come back: its film is deleted. Restore the film, then the part.",
                "%(number)d parts did not come back: their films are deleted. Restore the films, then the parts.",
                lost,
            )
            self.message_user(request, text % {"number": lost}, messages.WARNING)
        return redirect(actor_history_url(change.actor_id))
