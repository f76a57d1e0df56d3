"""Optimistic locking: a save or deletion never overwrites a version that the editor has not seen.

Each admin form sends the version token of the object as the editor saw it
(``seen``): the version number of an actor, or the id of the last entry in a
film's history. The transaction that writes locks the row and compares the token.
"""

from urllib.parse import urlencode

from django.contrib.admin.options import IS_POPUP_VAR, TO_FIELD_VAR
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404
from django.template.response import TemplateResponse
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext

from actors.admin.conflicts.field_conflicts import keep_choices
from actors.admin.params import is_number, number_in
from actors.history.actors import last_changes
from actors.history.attribution import attributed_to
from actors.history.errors import EditConflictError
from actorsite.admin_site.mixin_base import ModelAdminMixin


def parse_versions(text):
    """Return {id: version token} from the "id:token" pairs of a confirmation page. Skip malformed pairs."""
    pairs = (pair.partition(":") for pair in text.split())
    return {int(pk): int(version) for pk, _colon, version in pairs if is_number(pk) and is_number(version)}


def conflict_notice(request, model_admin, heading, conflicts, kind="actor"):
    """Return the page (409) that lists the objects that were changed since the editor loaded them.

    Args:
        request: The request.
        model_admin: The ModelAdmin that handles the request.
        heading: The heading of the page.
        conflicts: (id, object) pairs; the object is an actor or film, or None if it was deleted.
        kind: "actor" or "film".
    """
    last = last_changes(kind, [pk for pk, _thing in conflicts])
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": "",
        "heading": heading,
        "form_url": f"admin:actors_{kind}_change",
        "list_url": f"admin:actors_{kind}_changelist",
        "conflicts": [(pk, obj, last.get(pk)) for pk, obj in conflicts],
    }
    request.current_app = model_admin.admin_site.name
    return TemplateResponse(request, "admin/actors/conflict_notice.html", context, status=409)


class OptimisticLockingMixin(ModelAdminMixin):
    """ModelAdmin mixin for optimistic locking.

    Subclasses implement ``version_tokens``, ``lock_at``, ``resolved`` and ``describe_conflict``.
    """

    # Editing in the list is not supported: a row cannot show a conflict.
    list_editable = ()
    changes_template = "admin/actors/actor/changes.html"
    deleted_meanwhile: str | Promise = ""

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        """Show or save the form. If the version token is stale, show the conflict page (409)."""
        if request.method != "POST":
            return super().changeform_view(request, object_id, form_url, extra_context)
        submitted = request.POST if "_resolve" in request.POST and object_id and is_number(object_id) else None
        if submitted:
            request.POST = self.resolved(submitted, int(object_id))
        try:
            with attributed_to(request.user.get_username(), "admin"):
                if object_id is not None and self.has_change_permission(request):
                    self.lock(request, object_id)
                return super().changeform_view(request, object_id, form_url, extra_context)
        except EditConflictError as conflict:
            return self.conflict_page(request, int(object_id), conflict.now, submitted)

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        """Use the stored name as the heading of a form with errors, not the name that was typed."""
        if change and request.method == "POST" and (stored := self.model.objects.filter(pk=obj.pk).first()):
            context = {**context, "original": stored, "subtitle": str(stored)}
        return super().render_change_form(request, context, add, change, form_url, obj)

    def delete_view(self, request, object_id, extra_context=None):
        """Ask for confirmation, then delete the object if it still has the version token of the confirmation page."""
        if request.method != "POST":
            # Read the token before the page's own queries, so that a change in between is a conflict.
            objects = self.model.objects.filter(pk=object_id) if is_number(object_id) else ()
            seen = next(iter(self.version_tokens(objects).values()), "")
            return super().delete_view(request, object_id, {"seen": seen, **(extra_context or {})})
        try:
            with attributed_to(request.user.get_username(), "admin"):
                if self.has_delete_permission(request):
                    self.lock(request, object_id)
                return super().delete_view(request, object_id, extra_context)
        except EditConflictError as conflict:
            return self.nothing_deleted(request, [(int(object_id), conflict.now)])

    def changelist_view(self, request, extra_context=None):
        """Show the list or run an action. A deletion needs the versions that the confirmation page listed."""
        if request.method != "POST":
            return super().changelist_view(request, extra_context)
        # Ignore "Select all" across pages: only the objects whose ids are sent can be checked for changes.
        request.POST = request.POST.copy()
        request.POST.pop("select_across", None)
        with attributed_to(request.user.get_username(), "admin"):
            if "delete_selected" not in request.POST.getlist("action"):
                return super().changelist_view(request, extra_context)
            if "post" in request.POST:
                if not self.has_delete_permission(request):
                    raise PermissionDenied
                if conflicts := self.changed_since_confirmation(request):
                    return self.nothing_deleted(request, conflicts)
                return super().changelist_view(request, extra_context)
            seen = self.version_tokens(self.model.objects.filter(pk__in=self.selected_ids(request)))
            response = super().changelist_view(request, extra_context)
            if isinstance(response, TemplateResponse):
                response.context_data = {**(response.context_data or {}), "seen": seen.items()}
            return response

    def lock(self, request, object_id):
        """Lock the object, and compare its version token with the one that the form sent.

        Raises:
            EditConflictError: The object was changed since the form was loaded.
            Http404: The id is not a number. Django would, for example, decode "_31" to "1".
        """
        if not is_number(object_id):
            raise Http404
        self.lock_at(int(object_id), number_in(request.POST, "seen"))

    def selected_ids(self, request):
        """Return the ids of the selected rows. Raises SuspiciousOperation (400) if one is not a number."""
        selected = request.POST.getlist("_selected_action")
        if not all(map(is_number, selected)):
            raise SuspiciousOperation("An id that is not a number.")
        return [int(pk) for pk in selected]

    def changed_since_confirmation(self, request):
        """Lock the selected objects, and return (id, object or None if deleted) of those that were changed."""
        selected = self.selected_ids(request)
        seen = parse_versions(request.POST.get("seen", ""))
        rows = self.model.objects.select_for_update().filter(pk__in=selected).order_by("pk").in_bulk()
        version_tokens = self.version_tokens(rows.values())
        return [(pk, rows.get(pk)) for pk in selected if pk not in version_tokens or version_tokens[pk] != seen.get(pk)]

    def nothing_deleted(self, request, conflicts):
        """Return the page (409) that lists the objects that were changed, and so not deleted."""
        return conflict_notice(request, self, gettext("Nothing was deleted"), conflicts, self.opts.model_name)

    def conflict_page(self, request, pk, now, submitted=None):
        """Return the page (409) on which the editor chooses a value for each conflicting field.

        Args:
            request: The request that could not be saved.
            pk: The object's id.
            now: The stored object, or None if it was deleted.
            submitted: The submitted data of an earlier conflict page, if any. If the object has
                not been changed since, the page keeps the choices and values of ``submitted``.
        """
        to_field = request.POST.get(TO_FIELD_VAR)
        if to_field and not self.to_field_allowed(request, to_field):
            raise SuspiciousOperation("This field cannot be referenced.")
        again = submitted and now and number_in(submitted, "seen") == self.version_tokens([now])[pk]
        if again:
            request.POST = self.resolved(submitted, pk, "mine")
        seen = number_in(request.POST, "seen")
        conflict = self.describe_conflict(request, pk, now, seen)
        authors = {(change.who, change.origin) for change in conflict["since"]}
        if now and not (again or conflict["rows"]) and authors == {(request.user.get_username(), "admin")}:
            # The form was submitted twice, and the first submission saved everything.
            return self.response_change(request, now)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "",
            "original": now,
            "pk": pk,
            "base": "" if seen is None else seen,
            "deleted_meanwhile": self.deleted_meanwhile,
            "changes_template": self.changes_template,
            "then": next((name for name in ("_continue", "_addanother") if name in request.POST), "_save"),
            **self.popup(request),
            **conflict,
        }
        if again:
            self.keep_submitted(context["rows"], submitted)
        rows = context["rows"]
        context["typed"] = [capfirst(row["label"]) for row in rows if row.get("typed")]
        context["errors"] = [part["error"] for row in rows for part in row["parts"] if part.get("error")]
        context["decided"] = not again and all(row["take"] for row in rows)
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/actors/conflict.html", context, status=409)

    def popup(self, request):
        """Return the context that keeps a page inside a popup window that another form opened."""
        if IS_POPUP_VAR not in request.POST:
            return {}
        to_field = request.POST.get(TO_FIELD_VAR, "")
        query: dict[str, str] = {IS_POPUP_VAR: "1"}
        if to_field:
            query[TO_FIELD_VAR] = to_field
        names = {"is_popup_var": IS_POPUP_VAR, "to_field_var": TO_FIELD_VAR}
        return {"is_popup": True, "to_field": to_field, "same_window": f"?{urlencode(query)}", **names}

    def keep_submitted(self, rows, submitted):
        """Copy the user's choices and values to ``rows``: see keep_choices."""
        keep_choices(rows, submitted)

    def version_tokens(self, objects):
        """Return {id: version token} of ``objects``, a queryset or a list of objects."""
        raise NotImplementedError  # not abstract: ABCMeta conflicts with ModelAdmin's metaclass

    def lock_at(self, pk, seen):
        """Lock the object ``pk``. Raises EditConflictError unless ``seen`` is its version token."""
        raise NotImplementedError  # not abstract: ABCMeta conflicts with ModelAdmin's metaclass

    def resolved(self, data, pk, side=""):
        """Return the data of a submitted conflict page, converted to data for the change form: see resolve_fields."""
        raise NotImplementedError  # not abstract: ABCMeta conflicts with ModelAdmin's metaclass

    def describe_conflict(self, request, pk, now, seen):
        """Return the context of the conflict page.

        Its keys are ``rows``; ``same``, the (name, value) pairs without a conflict; ``since``, the changes after
        ``seen``; ``base_known``; and ``mark``, the current version token.
        """
        raise NotImplementedError  # not abstract: ABCMeta conflicts with ModelAdmin's metaclass
