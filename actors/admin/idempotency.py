"""What a form adds is added once, however often it is sent: a slow answer makes people click again."""

import hashlib
import json
import secrets
from datetime import timedelta

from django.utils.timezone import now

from actors.models import SubmittedForm

# Which button it was, and what is new at each sending.
IGNORED_FORM_FIELDS = {"csrfmiddlewaretoken", "_save", "_continue", "_addanother"}
FORM_LIFETIME = timedelta(days=1)


class AlreadyAdded(Exception):
    """The form has added ``thing`` already."""

    def __init__(self, thing):
        super().__init__("It was added before.")
        self.thing = thing


class IdempotentAddMixin:
    """Mixed into a ModelAdmin, whose form for a new thing has a key, ``once``.

    The same key with the same text, from the same person, is the same form.
    With another text it is a new one: who goes back to the form and writes
    something else adds that too.
    """

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except AlreadyAdded as before:
            return self.response_add(request, before.thing)

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        context = {**context, "once": request.POST.get("once") or secrets.token_urlsafe(16)}
        return super().render_change_form(request, context, add, change, form_url, obj)

    def save_model(self, request, thing, form, change):
        if change or not request.POST.get("once"):
            super().save_model(request, thing, form, change)
            return
        SubmittedForm.objects.filter(at__lt=now() - FORM_LIFETIME).delete()
        # Who sends the same meanwhile waits here until this transaction ends.
        sent, _made = SubmittedForm.objects.get_or_create(digest=form_digest(request))
        if before := self.model.objects.filter(pk=sent.thing_id).first():
            raise AlreadyAdded(before)
        super().save_model(request, thing, form, change)
        sent.thing_id = thing.pk
        sent.save()


def form_digest(request):
    """Return what tells the form that is sent from any other."""
    typed = [(name, request.POST.getlist(name)) for name in sorted(request.POST.keys() - IGNORED_FORM_FIELDS)]
    return hashlib.sha256(json.dumps([request.user.pk, request.path, typed]).encode()).hexdigest()
