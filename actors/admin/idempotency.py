"""Idempotent add forms: a form that is submitted twice, for example after a slow response, adds only one object."""

import hashlib
import json
import secrets
from datetime import timedelta

from django.utils.timezone import now

from actors.models import SubmittedForm
from actorsite.admin_site.mixin_base import ModelAdminMixin

# Fields that may differ between submissions of the same form: the CSRF token and the button.
IGNORED_FORM_FIELDS = {"csrfmiddlewaretoken", "_save", "_continue", "_addanother"}
FORM_LIFETIME = timedelta(days=1)


class AlreadyAddedError(Exception):
    """The form has already added ``obj``."""

    def __init__(self, obj):
        super().__init__("The form has already added it.")
        self.obj = obj


class IdempotentAddMixin(ModelAdminMixin):
    """ModelAdmin mixin that gives each add form a key, ``form_key``.

    The same key with the same data from the same user counts as the same
    submission. The same key with other data counts as a new one: a user who
    goes back to the form and changes it adds another object.
    """

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        """Show or save the form. A repeated submission adds nothing, and redirects like the first one."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except AlreadyAddedError as duplicate:
            return self.response_add(request, duplicate.obj)

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        """Render the form with its key: a random one, or the submitted one after an error."""
        context = {**context, "form_key": request.POST.get("form_key") or secrets.token_urlsafe(16)}
        return super().render_change_form(request, context, add, change, form_url, obj)

    def save_model(self, request, obj, form, change):
        """Save the object. Raises AlreadyAddedError if the same form was submitted before."""
        if change or not request.POST.get("form_key"):
            super().save_model(request, obj, form, change)
            return
        SubmittedForm.objects.filter(at__lt=now() - FORM_LIFETIME).delete()
        # A simultaneous submission of the same form waits here until this transaction ends.
        submission, _created = SubmittedForm.objects.get_or_create(digest=form_digest(request))
        if existing := self.model.objects.filter(pk=submission.thing_id).first():
            raise AlreadyAddedError(existing)
        super().save_model(request, obj, form, change)
        submission.thing_id = obj.pk
        submission.save()


def form_digest(request):
    """Return a digest of the user, path and form data, which identifies the submission."""
    data = [(name, request.POST.getlist(name)) for name in sorted(request.POST.keys() - IGNORED_FORM_FIELDS)]
    return hashlib.sha256(json.dumps([request.user.pk, request.path, data]).encode()).hexdigest()
