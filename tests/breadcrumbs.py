"""The breadcrumbs of an admin page, whose HTML differs between versions of Django."""

import re

from django.utils.html import strip_tags


def breadcrumbs(page: str) -> list[str]:
    """Return the labels of the breadcrumbs of ``page``: a ``div`` in Django 5.2, a list in Django 6.1."""
    [trail] = re.findall(r'<(?:div|ol) class="breadcrumbs">(.*?)</(?:div|ol)>', page, re.DOTALL)
    return [text for part in re.split("&rsaquo;|</li>", trail) if (text := strip_tags(part).strip())]
