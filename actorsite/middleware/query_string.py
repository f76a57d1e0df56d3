"""Validation of query strings."""

from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _

from actorsite.problem_details import invalid_params_problem, is_data_path


class QueryStringMiddleware:
    """Middleware that returns 400 for a query string that is not UTF-8 or contains NUL.

    Django would replace invalid bytes by U+FFFD, and so search for something
    else; PostgreSQL refuses NUL.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Return the response to a request: 400 if its query string is malformed."""
        if not is_well_formed(request.META.get("QUERY_STRING", "")):
            messages = [_("The query string must be UTF-8 without NUL characters.")]
            if is_data_path(request.path):
                return invalid_params_problem(messages)
            return render(request, "400.html", {"errors": messages}, status=400)
        return self.get_response(request)


def is_well_formed(query: str) -> bool:
    """Return whether the query string of a WSGI environment is UTF-8 without NUL."""
    try:
        return "\0" not in unquote_to_bytes(query.encode("latin-1")).decode()
    except UnicodeDecodeError:
        return False
