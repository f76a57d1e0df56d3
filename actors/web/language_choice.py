"""The visitor's choice of language."""

from django.conf import settings
from django.http import HttpResponseBadRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

YEAR = 365 * 24 * 60 * 60


# A forged request does no harm, and a CSRF token would need a cookie for every visitor.
@csrf_exempt
@require_POST
def choose(request):
    """Store the language ``code`` in a cookie and redirect to ``next``.

    Without that cookie, the request's Accept-Language decides.
    """
    code = request.POST.get("code", "")
    if code not in dict(settings.LANGUAGES):
        return HttpResponseBadRequest(f"code must be one of {', '.join(dict(settings.LANGUAGES))}.\n", "text/plain")
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure()):
        back = reverse("list")
    response = HttpResponseRedirect(back)
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        code,
        max_age=YEAR,
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )
    return response
