"""Refuses addresses that no text can be read from."""

from urllib.parse import unquote_to_bytes

from django.shortcuts import render
from django.utils.translation import gettext as _

from actorsite.problem_details import invalid_params_problem, is_data_path


class QueryStringMiddleware:
    """Middleware: a query string that is not UTF-8, or holds NUL, gets 400.

    Django would replace the bytes at fault by U+FFFD, and so search for
    something else; NUL would go to PostgreSQL, which refuses it.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if not is_well_formed(request.META.get("QUERY_STRING", "")):
            mistakes = [_("The part of the address after the question mark must be UTF-8, without NUL characters.")]
            if is_data_path(request.path):
                return invalid_params_problem(mistakes)
            return render(request, "400.html", {"mistakes": mistakes}, status=400)
        return self.get_response(request)


def is_well_formed(query: str) -> bool:
    """Whether a text can be read from the query string of a WSGI environment."""
    try:
        return "\0" not in unquote_to_bytes(query.encode("latin-1")).decode()
    except UnicodeDecodeError:
        return False
