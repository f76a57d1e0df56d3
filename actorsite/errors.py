"""Error handlers: 503 if the database is unavailable, else 500; 403 and 404.

Responses for URLs of data are problem details.
"""

import sys

from django.db import InterfaceError, InternalError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.defaults import page_not_found
from django.views.defaults import server_error as default_server_error

from actorsite.admin_site.form_recovery import recover_form
from actorsite.db.postgresql.base import breaker
from actorsite.problem_details import is_data_path, not_found_problem, problem

RETRY_AFTER_SECONDS = 5
# https://www.postgresql.org/docs/current/errcodes-appendix.html: read_only_sql_transaction
READ_ONLY_SQLSTATE = "25006"


def is_unavailable(error: BaseException | None) -> bool:
    """Return whether ``error`` means that the database is down, hung, out of connections, too slow or read-only."""
    if isinstance(error, InternalError):
        return getattr(error.__cause__, "pgcode", None) == READ_ONLY_SQLSTATE
    return isinstance(error, (OperationalError, InterfaceError))


def server_error(request: HttpRequest) -> HttpResponse:
    """Return the 503 or 500 response, as Django's handler500, which is called while the exception is being handled."""
    error = sys.exc_info()[1]
    data = is_data_path(request.path)
    if not is_unavailable(error):
        if data:
            return problem(500, "Internal Server Error", "The site failed to process the request and logged the error.")
        return default_server_error(request)
    if isinstance(error, InternalError):
        breaker.trip()
    if data:
        response = problem(503, "Service Unavailable", "The database cannot be reached. Try again in a moment.")
    else:
        response = HttpResponse(recovery_page("503.html", request), status=503)
    response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    response["Cache-Control"] = "no-store"
    return response


def recovery_page(template: str, request: HttpRequest) -> str:
    """Return the page with the submitted form, rendered without context processors, which need the database."""
    found = recover_form(request)
    return render_to_string(template, {"recovered_form": found, "csrf_token": get_token(request)} if found else {})


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Return the 403 page of CSRF_FAILURE_VIEW, where a form of this site can be sent again with the current token."""
    return HttpResponse(recovery_page("403_csrf.html", request), status=403)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return the 403 page with the submitted form, as Django's handler403."""
    return render(request, "403.html", {"recovered_form": recover_form(request)}, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return the 404 page, or problem details for a URL of data, as Django's handler404."""
    return not_found_problem(request) if is_data_path(request.path) else page_not_found(request, exception)
