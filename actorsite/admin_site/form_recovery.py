"""A form of the admin that was sent in vain: the answer holds what was typed, and a button that sends it again.

The database may be away, the session over, the token against forgery old or
the right to it gone. The page itself holds the fields, so that nothing has to
be kept here, and they go with it through signing in, in one field of its form.
"""

from django.http import QueryDict
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

RECOVERY_FIELD = "held"
# As much as can still be sent where it is one field of another form, which says each % by three characters.
MAX_FORM_BYTES = 1_000_000
# Which button it was, and what belongs to the form and not to who filled it in.
NOT_TYPED_PREFIXES = ("_", "seen", "once", "base", "post", "index", "initial-")
NOT_TYPED_SUFFIXES = ("-TOTAL_FORMS", "-INITIAL_FORMS", "-MIN_NUM_FORMS", "-MAX_NUM_FORMS", "-id", "-film")


class RecoveredForm:
    """The fields ``data`` (a QueryDict) of a form, which goes to ``address``."""

    def __init__(self, address, data):
        self.address, self.data = address, data

    def fields(self):
        return [(name, value) for name, values in self.data.lists() for value in values]

    def shown(self):
        """Return (name, value) of what somebody typed or chose."""
        return [(name, value) for name, value in self.fields() if value and is_typed_field(name)]

    def as_field(self):
        return self.data.urlencode()


def is_typed_field(name):
    return not name.startswith(NOT_TYPED_PREFIXES) and not name.endswith(NOT_TYPED_SUFFIXES)


def recover_form(request):
    """Return what the form that ``request`` sends has to keep; None where it is none, or is not known to be ours.

    That is known once the token against forgery was found right, or by where
    the browser says that the form comes from. No password is kept, and no file.
    """
    # A view may have made something else of request.POST. The other kinds of content are those of files and scripts.
    if request.method != "POST" or request.content_type != "application/x-www-form-urlencoded":
        return None
    if not request.path.startswith(reverse("admin:index")) or not is_same_site(request):
        return None
    if len(request.body) > MAX_FORM_BYTES:
        return None
    return form_in_sign_in(request) or _form_itself(request)


def form_in_sign_in(request):
    """Return what a form of signing in, which ``request`` sends, holds of another; None where it holds nothing."""
    sent, address = QueryDict(request.body), request.POST.get("next", "")
    if not sent.get(RECOVERY_FIELD) or not url_has_allowed_host_and_scheme(address, None):
        return None
    return RecoveredForm(address, _without_secrets(QueryDict(sent[RECOVERY_FIELD])))


def _form_itself(request):
    if request.path.startswith((reverse("admin:login"), reverse("admin:logout"), reverse("admin:factors"))):
        return None
    found = RecoveredForm(request.get_full_path(), _without_secrets(QueryDict(request.body)))
    return found if any(not name.startswith("_") for name, _value in found.fields()) else None


def _without_secrets(data):
    data = data.copy()
    for name in [name for name in data if "password" in name or name == "csrfmiddlewaretoken"]:
        del data[name]
    return data


def is_same_site(request):
    """Whether the form comes from a page of this site: only then is one click enough to send it again."""
    if getattr(request, "csrf_processing_done", False):
        return True
    return request.headers.get("Origin") == f"{request.scheme}://{request.get_host()}"
