"""The page for an IP address that is locked out of an account."""

from axes.helpers import get_cool_off
from django.contrib import admin
from django.template.response import TemplateResponse

from actorsite.admin_site.form_recovery import recover_form


def locked_out(request, response=None, credentials=None):
    """Return the page (429) for an IP address that is locked out. It does not reveal whether the account exists."""
    lock = get_cool_off(request)
    context = {
        **admin.site.each_context(request),
        "minutes": int(lock.total_seconds() // 60),
        "recovered_form": recover_form(request),
    }
    request.current_app = admin.site.name
    page = TemplateResponse(request, "admin/locked_out.html", context, status=429)
    page["Retry-After"] = int(lock.total_seconds())
    return page.render()
