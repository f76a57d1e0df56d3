"""No save, and no deletion, overwrites what its editor has not seen.

Every form of the admin carries a mark of what its editor saw: of an actor the
version, of a film the number of the last entry in its history. Within the
transaction that writes, the row is locked and the mark compared.
"""

from urllib.parse import urlencode

from django.contrib.admin.options import IS_POPUP_VAR, TO_FIELD_VAR
from django.core.exceptions import PermissionDenied, SuspiciousOperation, ValidationError
from django.http import Http404
from django.template.response import TemplateResponse
from django.utils.text import capfirst
from django.utils.translation import gettext

from actors.fields import NamesField, PlainTextField, split_names
from actors.history.actors import TRACKED_FIELDS, changes_of
from actors.history.attribution import attributed_to
from actors.history.errors import EditConflict

# How many lines are in sight of what has several, which a box of one line would join.
TEXTAREA_ROWS = {NamesField: 3, PlainTextField: 6}
CONFLICT_SIDES = ("mine", "theirs", "edited")


def parse_versions(text):
    """Read the "id:mark" pairs of a confirmation page; what is malformed is not seen."""
    pairs = (pair.partition(":") for pair in text.split())
    return {int(pk): int(version) for pk, _colon, version in pairs if is_number(pk) and is_number(version)}


def is_number(text):
    return text.isascii() and text.isdigit() and len(text) <= 10


def number_in(data, name):
    """Return the number that ``data`` (a QueryDict) has under ``name``, None where that is none."""
    text = data.get(name, "")
    return int(text) if is_number(text) else None


def resolve_fields(data, names, side=""):
    """Return a conflict page's answer as the change form's own.

    Where a choice is missing, or is not that of what was typed, it is of a
    state that has been overtaken: the page comes again. So it is where a
    ``side`` is given, which is then taken of every field.
    """
    data = data.copy()
    data.pop("_resolve", None)
    if side:
        reopen_conflict(data)
    for name in names:
        data[name] = data.get(f"{side or chosen_side(data, name, [name])}_{name}", "")
    return data


def chosen_side(data, name, parts):
    """Return the side that an answer ``data`` chooses for the row ``name``, of which ``parts`` are typed.

    Where none is chosen that is "mine", and "edited" where something was typed
    that another choice would lose. Then the page comes again.
    """
    side = data.get(f"take_{name}")
    if side != "edited" and is_edited(data, parts):
        side = "edited"
    elif side in CONFLICT_SIDES:
        return side
    else:
        side = "mine"
    reopen_conflict(data)
    return side


def reopen_conflict(data):
    """Make ``data`` be of a state that has been overtaken: the page comes again."""
    data["seen"] = data.get("base", "")


def is_edited(data, parts):
    """Whether one of the ``parts`` has another text in the answer ``data`` than the page gave it to be edited."""
    given = {name: data.get(f"given_{name}", "") for name in parts}
    return any(_lines(data.get(f"edited_{name}", text)) != _lines(text) for name, text in given.items())


def _lines(text):
    return text.replace("\r\n", "\n")


def keep_choices(rows, answer):
    """Give the ``rows`` of a conflict page that comes again what was chosen and typed in it, which ``answer`` has.

    What was typed and not chosen is chosen now.
    """
    for row in rows:
        parts = [part["name"] for part in row["parts"]]
        side = answer.get(f"take_{row['name']}")
        row["typed"] = side != "edited" and is_edited(answer, parts)
        row["take"] = "edited" if row["typed"] else side if side in CONFLICT_SIDES else row["take"]
        for part in row["parts"]:
            part["edit"] = answer.get(f"edited_{part['name']}", part["edit"])


def conflicting_fields(base, theirs, mine, names=TRACKED_FIELDS):
    """Return what a conflict page shows of each field in which ``theirs`` and ``mine`` differ.

    ``base`` is what both began with, None where that is not known. ``take`` is
    the side that alone has changed the field: then it merges by itself. It is
    empty where both have.
    """
    rows = []
    for name in names:
        was, their, my = (text_of((values or {}).get(name)) for values in (base, theirs, mine))
        if their != my:
            take = "" if base is None else side_that_changed(was, their, my)
            rows.append({"name": name, "was": was, "theirs": their, "mine": my, "take": take})
    return rows


def side_that_changed(was, theirs, mine):
    """Return "mine" or "theirs", whichever alone is not what ``was``; empty where neither is."""
    return "mine" if theirs == was else "theirs" if mine == was else ""


def text_of(value):
    return "" if value is None else str(value)


def clean_text_for(model, name, text):
    """Return the text as the field would store it; as it is where the field refuses it."""
    try:
        return text_of(model._meta.get_field(name).to_python(text))
    except ValidationError:
        return text.strip()


def as_stored(model, state, names):
    """Return the ``state`` (None for none) as a form that nobody touches would store it, whoever wrote it."""
    return None if state is None else {name: clean_text_for(model, name, text_of(state.get(name))) for name in names}


def describe_row(row, field, last):
    """Give a ``row`` of compare() what the page shows of it: ``last`` is the entry of who changed it.

    What is to be edited is mine, where the row has no other ``edit``.
    """
    choices = [("", "–"), *field.get_choices(include_blank=False)] if field.choices else None
    names = dict(choices or ())
    edit = row.get("edit", row["mine"])
    if isinstance(field, NamesField):
        edit = "\n".join(split_names(edit))
    part = {
        **row,
        "label": field.verbose_name,
        "edit": edit if choices is None or edit in names else "",
        "lines": next((lines for kind, lines in TEXTAREA_ROWS.items() if isinstance(field, kind)), 1),
        "choices": choices,
        "shown": {side: names.get(row[side], row[side]) for side in ("was", "theirs", "mine")},
        "last": last,
    }
    return {**part, "parts": [part]}


def conflict_notice(request, model_admin, heading, overtaken, kind="actor"):
    """The page (409) that says which were changed since someone looked; each is an (id, actor or film, or None)."""
    changes = changes_of(kind, [pk for pk, _thing in overtaken]).order_by("pk")
    last = {getattr(change, f"{kind}_id"): change for change in changes}
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": "",
        "heading": heading,
        "form_address": f"admin:actors_{kind}_change",
        "list_address": f"admin:actors_{kind}_changelist",
        "overtaken": [(pk, thing, last.get(pk)) for pk, thing in overtaken],
    }
    request.current_app = model_admin.admin_site.name
    return TemplateResponse(request, "admin/actors/overtaken.html", context, status=409)


class OptimisticLockingMixin:
    """Mixed into a ModelAdmin, which says what its marks are, and what a conflict page has: the methods at the end."""

    # A row of fields in the list would leave no room for a conflict.
    list_editable = ()
    changes_template = "admin/actors/actor/changes.html"
    deleted_meanwhile = ""

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        if request.method != "POST":
            return super().changeform_view(request, object_id, form_url, extra_context)
        answer = request.POST if "_resolve" in request.POST and object_id and is_number(object_id) else None
        if answer:
            request.POST = self.resolved(answer, int(object_id))
        try:
            with attributed_to(request.user.get_username(), "admin"):
                if object_id is not None and self.has_change_permission(request):
                    self.lock(request, object_id)
                return super().changeform_view(request, object_id, form_url, extra_context)
        except EditConflict as overtaken:
            return self.conflict(request, int(object_id), overtaken.now, answer)

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        """Head a form that comes again by what it is of, not by what was typed in it."""
        if change and request.method == "POST" and (stored := self.model.objects.filter(pk=obj.pk).first()):
            context = {**context, "original": stored, "subtitle": str(stored)}
        return super().render_change_form(request, context, add, change, form_url, obj)

    def delete_view(self, request, object_id, extra_context=None):
        if request.method != "POST":
            # Read before what the page shows: what comes between is then a conflict.
            things = self.model.objects.filter(pk=object_id) if is_number(object_id) else ()
            seen = next(iter(self.marks(things).values()), "")
            return super().delete_view(request, object_id, {"seen": seen, **(extra_context or {})})
        try:
            with attributed_to(request.user.get_username(), "admin"):
                if self.has_delete_permission(request):
                    self.lock(request, object_id)
                return super().delete_view(request, object_id, extra_context)
        except EditConflict as overtaken:
            return self.nothing_deleted(request, [(int(object_id), overtaken.now)])

    def changelist_view(self, request, extra_context=None):
        if request.method != "POST":
            return super().changelist_view(request, extra_context)
        # A confirmation lists what it deletes; "all of the list" has no marks, and no end.
        request.POST = request.POST.copy()
        request.POST.pop("select_across", None)
        with attributed_to(request.user.get_username(), "admin"):
            if "delete_selected" not in request.POST.getlist("action"):
                return super().changelist_view(request, extra_context)
            if "post" in request.POST:
                if not self.has_delete_permission(request):
                    raise PermissionDenied
                if overtaken := self.overtaken(request):
                    return self.nothing_deleted(request, overtaken)
                return super().changelist_view(request, extra_context)
            seen = self.marks(self.model.objects.filter(pk__in=self.chosen(request)))
            response = super().changelist_view(request, extra_context)
            if isinstance(response, TemplateResponse):
                response.context_data["seen"] = seen.items()
            return response

    def lock(self, request, object_id):
        """Lock what the form is of at the mark that it carries.

        Raises EditConflict, and Http404 for an id in another spelling,
        such as "_31", which the stock admin would take for 1.
        """
        if not is_number(object_id):
            raise Http404
        self.lock_at(int(object_id), number_in(request.POST, "seen"))

    def chosen(self, request):
        chosen = request.POST.getlist("_selected_action")
        if not all(map(is_number, chosen)):
            raise SuspiciousOperation("An id that is no number.")
        return [int(pk) for pk in chosen]

    def overtaken(self, request):
        """Lock what is selected; return (id, it or None) of what was changed since the confirmation."""
        chosen = self.chosen(request)
        seen = parse_versions(request.POST.get("seen", ""))
        rows = self.model.objects.select_for_update().filter(pk__in=chosen).order_by("pk").in_bulk()
        marks = self.marks(rows.values())
        return [(pk, rows.get(pk)) for pk in chosen if pk not in marks or marks[pk] != seen.get(pk)]

    def nothing_deleted(self, request, overtaken):
        return conflict_notice(request, self, gettext("Nothing was deleted"), overtaken, self.opts.model_name)

    def conflict(self, request, pk, now, answer=None):
        """The page that shows what was, what is and what was wanted, and lets each field be decided: 409.

        It comes again with what it had where its ``answer`` alone, and nobody else, is the reason.
        """
        to_field = request.POST.get(TO_FIELD_VAR)
        if to_field and not self.to_field_allowed(request, to_field):
            raise SuspiciousOperation("A field that no other form asks for.")
        again = answer and now and number_in(answer, "seen") == self.marks([now])[pk]
        if again:
            request.POST = self.resolved(answer, pk, "mine")
        seen = number_in(request.POST, "seen")
        found = self.conflict_of(request, pk, now, seen)
        by = {(change.who, change.origin) for change in found["since"]}
        if now and not (again or found["rows"]) and by == {(request.user.get_username(), "admin")}:
            # A second click while the first was being answered: what was wanted is there.
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
            **found,
        }
        if again:
            self.keep_answer(context["rows"], answer)
        rows = context["rows"]
        context["typed"] = [capfirst(row["label"]) for row in rows if row.get("typed")]
        context["mistakes"] = [part["mistake"] for row in rows for part in row["parts"] if part.get("mistake")]
        context["decided"] = not again and all(row["take"] for row in rows)
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/actors/conflict.html", context, status=409)

    def popup(self, request):
        """Return what keeps a page in the small window that the form of something else has opened."""
        if IS_POPUP_VAR not in request.POST:
            return {}
        to_field = request.POST.get(TO_FIELD_VAR, "")
        query = urlencode({IS_POPUP_VAR: 1, **({TO_FIELD_VAR: to_field} if to_field else {})})
        names = {"is_popup_var": IS_POPUP_VAR, "to_field_var": TO_FIELD_VAR}
        return {"is_popup": True, "to_field": to_field, "same_window": f"?{query}", **names}

    def keep_answer(self, rows, answer):
        keep_choices(rows, answer)

    def marks(self, things):
        """Return {id: mark} of ``things``, a queryset or what it had."""
        raise NotImplementedError  # each admin's own; an abstract class would ask for another metaclass

    def lock_at(self, pk, seen):
        """Lock the thing ``pk``. Raises EditConflict where ``seen`` is not its mark; None is none."""
        raise NotImplementedError  # each admin's own; an abstract class would ask for another metaclass

    def resolved(self, data, pk, side=""):
        """Return what the change form would send, out of a conflict page's ``data``: see resolved()."""
        raise NotImplementedError  # each admin's own; an abstract class would ask for another metaclass

    def conflict_of(self, request, pk, now, seen):
        """Return what the page shows: ``rows``, ``same`` (name, value), ``since``, ``base_known`` and ``mark``."""
        raise NotImplementedError  # each admin's own; an abstract class would ask for another metaclass
