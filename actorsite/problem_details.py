"""Errors as data: application/problem+json, RFC 9457."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse

DATA_SUFFIXES = (".json", ".csv", ".ndjson")


def is_data_path(path: str) -> bool:
    """Return whether ``path`` is a URL of data, existing or not, whose errors are problem details."""
    return path.endswith(DATA_SUFFIXES)


def problem(status: int, title: str, detail: str, **members: Any) -> HttpResponse:
    """Return a problem that any origin may read. ``members`` are added to the object."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **members}
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return allow_any_origin(HttpResponse(text, status=status, content_type="application/problem+json"))


def invalid_params_problem(messages: list[str]) -> HttpResponse:
    """Return the problem 400 for a query string with the errors ``messages``."""
    return problem(400, "Bad Request", " ".join(messages), mistakes=messages)


def not_found_problem(request: HttpRequest) -> HttpResponse:
    """Return the problem 404 for a URL that does not exist."""
    return problem(404, "Not Found", f"There is nothing at {request.path}.")


def allow_any_origin(response: HttpResponse) -> HttpResponse:
    """Let scripts of any origin read ``response``: the data is public."""
    response["Access-Control-Allow-Origin"] = "*"
    response["Access-Control-Expose-Headers"] = "ETag, Link"
    return response
