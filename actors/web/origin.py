"""The origin of the site (scheme and host) that a request was sent to."""

from django.http import HttpRequest


def site_origin(request: HttpRequest) -> str:
    """Return the scheme and host of ``request``, such as "https://example.org", to prepend to a path."""
    return f"{request.scheme}://{request.get_host()}"
