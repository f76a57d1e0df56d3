"""Form recovery: the response to an admin form that could not be saved has the form's data and a Send again button.

Reasons are an unavailable database, an expired session, an old CSRF token or a
removed permission. The page itself contains the form's fields, so the server
stores nothing. While the user signs in again, one field of the sign-in form
contains all fields of the recovered form.
"""

from django.conf import settings
from django.http import QueryDict
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

RECOVERY_FIELD = "recovered_form"
# The sign-in form has the recovered form in one field, where encoding turns each % into three characters. The result
# must stay below Django's limit, DATA_UPLOAD_MAX_MEMORY_SIZE.
MAX_FORM_BYTES = 1_000_000
# Django's hidden fields and buttons; the setting FORM_RECOVERY_HIDDEN has those of the project's own forms.
HIDDEN_PREFIXES = ("_", "post", "index", "initial-")
HIDDEN_SUFFIXES = ("-TOTAL_FORMS", "-INITIAL_FORMS", "-MIN_NUM_FORMS", "-MAX_NUM_FORMS", "-id")


class RecoveredForm:
    """The fields of a form that could not be saved.

    Attributes:
        url: The path that the form is sent to.
        data: Its fields, a QueryDict.
    """

    def __init__(self, url, data):
        self.url, self.data = url, data

    def fields(self):
        """Return (name, value) of all fields."""
        return [(name, value) for name, values in self.data.lists() for value in values]

    def visible_fields(self):
        """Return (name, value) of the fields that the user typed or chose."""
        return [(name, value) for name, value in self.fields() if value and is_visible_field(name)]

    def as_field(self):
        """Return all fields as one URL-encoded string."""
        return self.data.urlencode()


def is_visible_field(name):
    """Return whether the user sees the field ``name``. Django's hidden fields and FORM_RECOVERY_HIDDEN are excluded."""
    own = settings.FORM_RECOVERY_HIDDEN
    return not name.startswith((*HIDDEN_PREFIXES, *own["prefixes"])) and not name.endswith(
        (*HIDDEN_SUFFIXES, *own["suffixes"])
    )


def recover_form(request):
    """Return the form that ``request`` sends as a RecoveredForm, without passwords and files.

    Returns:
        The form; None if the request sends no form of the admin, if the form is too
        large, or if neither the CSRF token nor the Origin header proves that the form
        comes from this site.
    """
    # Forms with files, and scripts, send other content types. The fields are read from request.body, because a
    # view may have replaced request.POST.
    if request.method != "POST" or request.content_type != "application/x-www-form-urlencoded":
        return None
    if not request.path.startswith(reverse("admin:index")) or not is_same_site(request):
        return None
    if len(request.body) > MAX_FORM_BYTES:
        return None
    return form_in_sign_in(request) or _submitted_form(request)


def form_in_sign_in(request):
    """Return the RecoveredForm that a sign-in form contains, or None."""
    fields, url = QueryDict(request.body), request.POST.get("next", "")
    if not fields.get(RECOVERY_FIELD) or not url_has_allowed_host_and_scheme(url, None):
        return None
    return RecoveredForm(url, _without_secrets(QueryDict(fields[RECOVERY_FIELD])))


def _submitted_form(request):
    if request.path.startswith((reverse("admin:login"), reverse("admin:logout"), reverse("admin:factors"))):
        return None
    form = RecoveredForm(request.get_full_path(), _without_secrets(QueryDict(request.body)))
    return form if any(not name.startswith("_") for name, _value in form.fields()) else None


def _without_secrets(data):
    data = data.copy()
    for name in [name for name in data if "password" in name or name == "csrfmiddlewaretoken"]:
        del data[name]
    return data


def is_same_site(request):
    """Return whether the form comes from a page of this site. Only then may a page offer to send it again."""
    if getattr(request, "csrf_processing_done", False):
        return True
    return request.headers.get("Origin") == f"{request.scheme}://{request.get_host()}"
