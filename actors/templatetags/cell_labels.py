"""Column headings inside the cells of an admin list."""

from django import template
from django.utils.html import escape
from django.utils.safestring import mark_safe
from django.utils.text import capfirst

register = template.Library()


@register.filter
def with_cell_labels(results, headers):
    """Return the rows of Django's ``result_list`` tag with each cell's heading as its ``data-label``.

    A narrow window has no room for column headings; CSS shows these labels instead.
    """
    labels = [escape(capfirst(str(header["text"]))) for header in headers]
    return [
        [mark_safe(cell.replace(">", f' data-label="{label}">', 1)) for cell, label in zip(row, labels, strict=True)]  # noqa: S308  escaped by Django
        for row in results
    ]
