"""Column headings inside the cells of an admin list."""

from django import template
from django.utils.html import escape
from django.utils.safestring import mark_safe
from django.utils.text import capfirst

register = template.Library()


@register.filter
def with_cell_labels(results, headers):
    """Return the rows of Django's ``result_list`` tag with each cell's heading as its ``data-label``.

    A narrow window has no room for headings above the columns; CSS shows these instead.
    """
    labels = [escape(capfirst(str(header["text"]))) for header in headers]
    # Each cell is HTML that Django has made and escaped.
    return [
        [mark_safe(cell.replace(">", f' data-label="{label}">', 1)) for cell, label in zip(row, labels, strict=True)]  # noqa: S308
        for row in results
    ]
