"""Exports from the lists of actors and films: all rows of a list, or the selected ones."""

from functools import partial

from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import SEARCH_VAR
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db.models.functions import Length
from django.http import Http404, HttpResponseNotAllowed, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from actors.exports import records
from actors.exports.formats import FORMATS
from actors.exports.xlsx_text import MAX_CELL_LENGTH
from actorsite.admin_site.changelist import check_query
from actorsite.admin_site.mixin_base import ModelAdminMixin

# A workbook is complete before its first byte is sent, and Heroku's router times out after 30 s.
MAX_WORKBOOK_ROWS = 50_000


class ExportAdminMixin(ModelAdminMixin):
    """ModelAdmin mixin for exports: an action for the selected rows, and a URL for all rows of a list."""

    change_list_template = "admin/actors/actor/change_list.html"
    export_fields: tuple[str, ...] = records.ACTOR_FIELDS

    def get_actions(self, request):
        """Return the actions, with an export for each format if the user may view the rows."""
        actions = super().get_actions(request)
        if not self.has_view_permission(request):
            return actions
        for kind, form in FORMATS.items():
            name = f"export_{kind}"
            label = _("Export as %(format)s") % {"format": form.label}
            actions[name] = (partial(_export_selected, kind), name, label)
        return actions

    def get_urls(self):
        """Return Django's URLs, preceded by those of this class."""
        name = f"actors_{self.opts.model_name}_export"
        export = path("export/<slug:kind>/", self.admin_site.admin_view(self.export), name=name)
        return [export, *super().get_urls()]

    def changelist_view(self, request, extra_context=None):
        """Show the list, with a link to export it in each format."""
        return super().changelist_view(request, {**(extra_context or {}), "formats": FORMATS})

    def export(self, request, kind):
        """Return a file with all rows of the list that has the same query string."""
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        if kind not in FORMATS:
            raise Http404
        if not self.has_view_permission(request):
            raise PermissionDenied
        check_query(request.GET.get(SEARCH_VAR, ""))
        try:
            changes = self.get_changelist_instance(request)
        except IncorrectLookupParameters as error:
            raise SuspiciousOperation("No such list.") from error
        # A search lists only the best results, but an export has all of them.
        request.wants_all = True
        return self.export_response(request, changes.get_queryset(request), kind)

    def export_response(self, request, rows, kind):
        """Return ``rows`` as a file of the format ``kind``, or a redirect if they do not fit into a workbook."""
        name = self.opts.model_name
        if kind == "xlsx" and (reason := self.no_workbook(rows.order_by())):
            self.message_user(request, reason, messages.ERROR)
            return redirect(f"admin:actors_{name}_changelist")
        parts = FORMATS[kind].parts(rows, self.export_fields)
        response = StreamingHttpResponse(parts, content_type=FORMATS[kind].content_type)
        response["Content-Disposition"] = f'attachment; filename="{name}s.{kind}"'
        return response

    def no_workbook(self, rows):
        """Return why ``rows`` cannot be exported as a workbook, or "" if they can."""
        if rows[: MAX_WORKBOOK_ROWS + 1].count() > MAX_WORKBOOK_ROWS:
            return gettext("There are too many rows for a workbook. Export them as CSV instead.")
        if "biography" not in self.export_fields:
            return ""
        # Half of the limit, since escaping for XLSX can make text longer.
        if rows.annotate(length=Length("biography")).filter(length__gt=MAX_CELL_LENGTH // 2).exists():
            return gettext("A biography is too long for a workbook cell. Export these actors as CSV instead.")
        return ""


def _export_selected(kind, model_admin, request, rows):
    return model_admin.export_response(request, rows, kind)
