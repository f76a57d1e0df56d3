"""Imports in the admin: upload a file, preview its changes, apply them, undo a batch."""

import codecs
import io
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import connection, transaction
from django.http import Http404, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from actors import imports
from actors.admin.actor_history import render_difference
from actors.admin.changelist import format_timestamp
from actors.admin.conflicts.optimistic_locking import conflict_notice
from actors.admin.params import is_number
from actors.history.errors import NotRestorableError
from actors.history.undo import CannotUndoUnmergeError, ChangedSinceBatchError, undo_batch
from actors.imports.columns import IGNORED_FIELDS, IMPORT_FIELDS, KEY_FIELDS, field_for_heading
from actors.imports.errors import RowError, UnreadableFileError, write_errors
from actors.imports.parsers import open_source
from actors.imports.possible_duplicates import find_possible_duplicates
from actors.imports.staging import ImportConflictError
from actors.models import Actor, Batch, Upload
from actors.models.labels import verbose_name_of
from actorsite.admin_site.changelist import DeclaredLookupsMixin

MAX_UPLOAD_BYTES = 10 << 20
MAX_UPLOAD_ROWS = 100_000
# Heroku's router times out after 30 s: https://devcenter.heroku.com/articles/http-routing#timeouts
IMPORT_SECONDS = 25
MAX_LISTED_ERRORS, MAX_SAMPLES = 1_000, 100
UPLOAD_LIFETIME = timedelta(days=1)
OFFERED_ENCODINGS = ["utf-8", "utf-16", "gb18030", "big5", "shift_jis", "euc_kr", "cp1250", "cp1251", "cp1252"]


class FileForm(forms.Form):
    """Form to upload the file to import."""

    file = forms.FileField(
        label=_("File"),
        allow_empty_file=True,
        help_text=_("CSV, XLSX, JSON or NDJSON, up to 10 MB and 100,000 rows. Nothing is imported until you confirm."),
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx,.json,.ndjson,.jsonl"}),
    )

    def clean_file(self):
        """Refuse a file over MAX_UPLOAD_BYTES."""
        file = self.cleaned_data["file"]
        if file.size > MAX_UPLOAD_BYTES:
            raise forms.ValidationError(_("The file is larger than 10 MB. Use the command import_actors instead."))
        return file


def extend_time_limits(request):
    """Let the request, and each of its queries, take up to IMPORT_SECONDS."""
    if extend := getattr(request, "extend_deadline", None):
        extend(IMPORT_SECONDS)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = %s", [IMPORT_SECONDS * 1000])


@admin.register(Batch)
class BatchAdmin(DeclaredLookupsMixin, admin.ModelAdmin):
    """Admin of batches: the list of imports and merges, new imports, and undo."""

    list_display_links = None
    list_per_page = 50
    labeled_cells = True
    list_select_related = ["undone_by", "undoes"]
    sortable_by = []
    actions = None

    class Media:
        css = {"all": ["actors/editors.css"]}

    def has_change_permission(self, request, batch=None):
        """Refuse: imports and merges are not edited, only undone."""
        return False

    def has_delete_permission(self, request, batch=None):
        """Refuse: imports and merges are not deleted, only undone."""
        return False

    def get_list_display(self, request):
        """Return the columns. Only users who may import get the buttons."""
        return [
            "when",
            "kind",
            "name",
            "who",
            "numbers",
            *(["back"] if self.has_add_permission(request) else []),
        ]

    def changelist_view(self, request, extra_context=None):
        """Show the list, with a title that includes merges."""
        return super().changelist_view(request, {"title": gettext("Imports and merges"), **(extra_context or {})})

    @admin.display(description=_("when"))
    def when(self, batch):
        """Return the time of the batch, in UTC."""
        return format_timestamp(batch.at, "seconds")

    @admin.display(description=_("changes"))
    def numbers(self, batch):
        """Return how many actors the batch added, changed and deleted, as a link to its changes."""
        text = gettext("%(added)d added, %(changed)d changed, %(deleted)d deleted") % {
            "added": batch.added, "changed": batch.changed, "deleted": batch.deleted
        }  # fmt: skip
        return format_html('<a href="{}?batch={}">{}</a>', reverse("admin:actors_change_changelist"), batch.pk, text)

    @admin.display(description=_("actions"))
    def back(self, batch):
        """Return the undo button, or an explanation if the batch is already undone or cannot be undone."""
        if undoing := getattr(batch, "undone_by", None):
            return gettext("undone by %(who)s") % {"who": undoing.who}
        if batch.unmerges:
            return gettext("Merge again")
        return format_html(
            '<button class="button" formaction="{}">{}</button>',
            reverse("admin:actors_batch_undo", args=[batch.pk]),
            gettext("Undo"),
        )

    def get_urls(self):
        """Return Django's URLs, preceded by those of this class."""

        def view(function):
            return self.admin_site.admin_view(function)

        return [
            path("<int:pk>/undo/", view(self.undo), name="actors_batch_undo"),
            path("file/<int:pk>/", view(self.preview), name="actors_batch_preview"),
            path("file/<int:pk>/mistakes.csv", view(self.errors), name="actors_batch_errors"),
            *super().get_urls(),
        ]

    def undo(self, request, pk):
        """Undo an import, a merge, or an earlier undo. POST only."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_add_permission(request):
            raise PermissionDenied
        batch = get_object_or_404(Batch, pk=pk)
        try:
            with transaction.atomic():
                extend_time_limits(request)
                undoing = undo_batch(batch, request.user.get_username())
        except ChangedSinceBatchError as changed:
            actors = Actor.objects.in_bulk(changed.ids)
            conflicts = [(pk, actors.get(pk)) for pk in changed.ids]
            return conflict_notice(request, self, gettext("Nothing was undone"), conflicts)
        except CannotUndoUnmergeError:
            text = gettext("Nothing was undone: this is the undo of a merge. Merge the two actors again instead.")
            self.message_user(request, text, messages.WARNING)
        except NotRestorableError:
            text = gettext("Nothing was undone: some actors would have no name, and a name is now required.")
            self.message_user(request, text, messages.ERROR)
        except ValueError:
            self.message_user(request, gettext("This was already undone."), messages.WARNING)
        else:
            self.message_user(request, self._undone(undoing), messages.SUCCESS)
        return redirect("admin:actors_batch_changelist")

    def change_view(self, request, object_id, form_url="", extra_context=None):
        """Redirect to the batch's changes in the history."""
        return self.history_view(request, object_id)

    def history_view(self, request, object_id, extra_context=None):
        """Redirect to the batch's changes in the history."""
        if not is_number(object_id):
            raise Http404
        if not self.has_view_permission(request):
            raise PermissionDenied
        return redirect(f"{reverse('admin:actors_change_changelist')}?batch={object_id}")

    def _undone(self, undoing):
        parts = [
            (undoing.deleted, ngettext("%(n)d added actor removed", "%(n)d added actors removed", undoing.deleted)),
            (
                undoing.changed,
                ngettext("%(n)d changed actor reverted", "%(n)d changed actors reverted", undoing.changed),
            ),
            (undoing.added, ngettext("%(n)d deleted actor undeleted", "%(n)d deleted actors undeleted", undoing.added)),
        ]
        return gettext("Undone: %(parts)s.") % {"parts": ", ".join(text % {"n": n} for n, text in parts if n)}

    # A new import

    def add_view(self, request, form_url="", extra_context=None):
        """Show the upload form. On POST, store the file and redirect to its preview."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = FileForm(request.POST, request.FILES) if request.method == "POST" else FileForm()
        if form.is_valid():
            file = form.cleaned_data["file"]
            Upload.objects.filter(at__lt=timezone.now() - UPLOAD_LIFETIME).delete()
            upload = Upload.objects.create(who=request.user.get_username(), name=file.name[:255], content=file.read())
            return redirect("admin:actors_batch_preview", upload.pk)
        return self._page(request, "upload", {"form": form, "title": gettext("Import actors from a file")})

    def _page(self, request, template, context, status=200):
        context = {**self.admin_site.each_context(request), "opts": self.opts, **context}
        request.current_app = self.admin_site.name
        return TemplateResponse(request, f"admin/actors/batch/{template}.html", context, status=status)

    def _upload(self, request, pk):
        """Return the user's upload. A POST locks its row, so that a second click waits. Raises Upload.DoesNotExist."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        uploads = Upload.objects.select_for_update() if request.method == "POST" else Upload.objects
        return uploads.get(pk=pk, who=request.user.get_username())

    def _gone(self, request):
        text = gettext("This upload no longer exists: it was imported, discarded or expired.")
        self.message_user(request, text, messages.WARNING)
        return redirect("admin:actors_batch_changelist")

    def preview(self, request, pk):
        """Show what the import would change. On POST, read the file with other settings, import it, or discard it."""
        context: dict[str, Any] = {"encodings": [(name, name.upper()) for name in OFFERED_ENCODINGS]}
        batch = None
        try:
            with transaction.atomic():
                extend_time_limits(request)
                upload = self._upload(request, pk)
                if "_drop" in request.POST:
                    upload.delete()
                    return redirect("admin:actors_batch_changelist")
                if "_read" in request.POST:
                    return self._read_otherwise(request, upload)
                context |= {"upload": upload, "title": gettext("Preview of %(file)s") % {"file": upload.name}}
                staging = self._examine(upload, context)
                if "_import" in request.POST and staging.writes and not staging.wrong:
                    batch = staging.apply(request.user.get_username(), upload.name)
                    upload.delete()
                else:
                    context |= self._findings(staging)
                    transaction.set_rollback(True)
        except Upload.DoesNotExist:
            return self._gone(request)
        except UnreadableFileError as error:
            context["unreadable"] = str(error)
        except ImportConflictError:
            context["unreadable"] = gettext(
                "Nothing was imported because someone changed the directory at the same time. Try again."
            )
        if "_import" in request.POST and "unreadable" not in context and "staging" not in context:
            if batch:
                text = gettext("Imported: %(added)d added, %(changed)d changed.")
                self.message_user(request, text % {"added": batch.added, "changed": batch.changed}, messages.SUCCESS)
            return redirect("admin:actors_batch_changelist")
        return self._page(request, "preview", context, status=409 if request.method == "POST" else 200)

    def _examine(self, upload, context):
        source = open_source(io.BytesIO(upload.content), upload.encoding or None)
        context["source"] = source
        if not source.encoding:
            context["encodings"] = []
        context["columns"] = [
            {"heading": heading, "field": upload.columns.get(heading, field_for_heading(heading))}
            for heading in dict.fromkeys(source.header[:100])
        ]
        labels = {name: capfirst(verbose_name_of(Actor, name)) for name in (*KEY_FIELDS, *IMPORT_FIELDS)}
        context["fields"] = labels.items()
        return imports.examine(source, upload.columns, most=MAX_UPLOAD_ROWS)

    def _findings(self, staging):
        def label(name):
            return capfirst(verbose_name_of(Actor, name))

        number, doubtful = find_possible_duplicates(staging, MAX_SAMPLES)
        return {
            "staging": staging,
            "doubtful": doubtful,
            "number_doubtful": number,
            "errors": list(staging.errors(MAX_LISTED_ERRORS)),
            "more": max(staging.wrong - MAX_LISTED_ERRORS, 0),
            "differences": [
                (line, pk, name, [(label(field), render_difference(field, old, new)) for field, old, new in fields])
                for line, pk, name, fields in staging.differences(MAX_SAMPLES)
            ],
            "additions": [
                (line, [(label(field), value) for field, value in values.items() if value not in (None, "")])
                for line, values in staging.additions(MAX_SAMPLES)
            ],
            "samples": MAX_SAMPLES,
        }

    def _read_otherwise(self, request, upload):
        encoding, columns = request.POST.get("encoding", ""), {}
        headings, fields = request.POST.getlist("heading"), request.POST.getlist("field")
        if encoding not in ("", *OFFERED_ENCODINGS) or len(headings) != len(fields):
            raise SuspiciousOperation("No such encoding, or a heading without a field.")
        try:
            # Use the header that the preview showed: another encoding may change the headings.
            header = open_source(io.BytesIO(upload.content), upload.encoding or None).header if headings else []
        except UnreadableFileError:
            header = []
        for heading, field in zip(headings, fields, strict=True):
            if field not in ("", *KEY_FIELDS, *IMPORT_FIELDS) or heading not in header:
                raise SuspiciousOperation("No such field or column.")
            if field or field_for_heading(heading) not in IGNORED_FIELDS:
                columns[heading] = field
        upload.encoding, upload.columns = encoding, columns
        upload.save(update_fields=["encoding", "columns"])
        return redirect("admin:actors_batch_preview", upload.pk)

    def errors(self, request, pk):
        """Return all errors in the file as CSV."""
        text = io.StringIO()
        try:
            with transaction.atomic():
                extend_time_limits(request)
                write_errors(self._examine(self._upload(request, pk), {}).errors(), text)
                transaction.set_rollback(True)
        except Upload.DoesNotExist:
            return self._gone(request)
        except UnreadableFileError as error:
            write_errors([RowError(None, "", "", str(error))], text)
        response = HttpResponse(codecs.BOM_UTF8 + text.getvalue().encode(), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="errors.csv"'
        return response
