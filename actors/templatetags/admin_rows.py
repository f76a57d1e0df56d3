"""The rows of the admin's lists: what the stock tag makes, cell for cell, at a tenth of its cost.

A ModelAdmin with ``labelled_cells`` has the headings in the cells too.

The stock one looks up for each cell anew what is the same in a whole column,
and the address of the form for each row.
"""

from functools import cache
from html import escape
from types import SimpleNamespace

from django import template
from django.conf import settings
from django.contrib.admin.templatetags import admin_list
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.contrib.admin.templatetags.base import InclusionAdminNode
from django.contrib.admin.utils import display_for_field, display_for_value, label_for_field, quote
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.safestring import SafeString
from django.utils.text import capfirst

register = template.Library()

_PK = "PLACE-OF-THE-ID"
# As the stock template has it.
BETWEEN_ROWS = "</tr>\n\n\n<tr>"


@register.tag
def quick_result_list(parser, token):
    return InclusionAdminNode(
        parser, token, func=result_list, template_name="change_list_results.html", takes_context=False
    )


def result_list(cl):
    """Return what the stock template of a list's rows needs."""
    if cl.formset or not (columns := _columns(cl)):
        return admin_list.result_list(cl)
    headers = list(admin_list.result_headers(cl))
    rows = ["".join([cell(row) for cell in columns]) for row in cl.result_list]
    return {
        "cl": cl,
        "result_headers": headers,
        "num_sorted_fields": sum(header["sortable"] and header["sorted"] for header in headers),
        # To the template all of them are one row of one cell: its loop takes a quarter of the time again.
        "results": [admin_list.ResultList(None, [SafeString(BETWEEN_ROWS.join(rows))])] if rows else [],
    }


@register.simple_tag
def filter_choices(choices):
    """Return the choices of a filter as the stock template has them; their addresses are of urlencode's making."""
    return SafeString("".join(map(_choice, choices)))


def _choice(choice):
    chosen = ' class="selected"' if choice["selected"] else ""
    address, text = escape(choice["query_string"]), _escaped(choice["display"])
    return f'\n    <li{chosen}>\n    <a href="{address}">{text}</a></li>\n  '


def _columns(cl):
    """Return for each column what makes a cell of a row; None where one is of a kind that only the stock tag knows."""
    columns, linked = [], False
    for name in cl.list_display:
        value = _value(cl, name)
        if value is None:
            return None
        links = cl.list_display_links
        label = _label(cl, name) if getattr(cl.model_admin, "labelled_cells", False) else ""
        if links is not None and (name in links or not (links or linked)):
            columns.append(_linked(cl, name, value, "td" if linked else "th", label))
            linked = True
        else:
            columns.append(_plain(name, value, label))
    return columns


def _label(cl, name):
    """Return the attribute by which a narrow window, which has no room for the column's heading, shows it in a cell."""
    label = capfirst(str(label_for_field(name, cl.model, cl.model_admin)))
    return f' data-label="{escape(label)}"'


def _value(cl, name):
    """Return what makes the text of a row's cell, escaped; None for a column of another kind."""
    empty = cl.model_admin.get_empty_value_display()
    try:
        field = cl.lookup_opts.get_field(name) if isinstance(name, str) else None
    except FieldDoesNotExist:
        field = None
    if field is not None:
        if not isinstance(field, (models.CharField, models.IntegerField)):
            return None

        choices = dict(field.flatchoices)

        def shown(value):
            if choices:
                return _escaped(choices.get(value, empty))
            if value is None or isinstance(value, str):
                return _escaped(value if value and value.strip() else empty)
            # The stock function looks up the language's ways with decimals and thousands first.
            return display_for_field(value, field, empty) if settings.USE_THOUSAND_SEPARATOR else str(value)

        if choices or isinstance(field, models.IntegerField):
            shown = cache(shown)  # of few values
        return lambda row: shown(getattr(row, name))
    function = name if callable(name) else getattr(cl.model_admin, name, None)
    if function is None or name == "__str__" or getattr(function, "boolean", False):
        return None
    empty = getattr(function, "empty_value_display", empty)
    if make := getattr(function, "make_column", None):
        function = make(cl.model_admin)

    def text(row):
        value = function(row)
        if not isinstance(value, str):
            value = display_for_value(value, empty)
        return _escaped(value if value.strip() else empty)

    return text


def _escaped(text):
    return text.__html__() if hasattr(text, "__html__") else escape(str(text))


def _plain(name, value, label):
    name = name.__name__ if callable(name) else name
    start = f'<td class="{"action-checkbox" if name == "action_checkbox" else f"field-{name}"}"{label}>'
    return lambda row: f"{start}{value(row)}</td>"


def _linked(cl, name, value, tag, label):
    address = cl.url_for_result(SimpleNamespace(**{cl.pk_attname: _PK}))
    address = add_preserved_filters({"preserved_filters": cl.preserved_filters, "opts": cl.opts}, address)
    before, _place, after = map(escape, address.partition(_PK))
    name = name.__name__ if callable(name) else name
    start, end = f'<{tag} class="field-{name}"{label}><a href="{before}', f"</a></{tag}>"
    popped = str(cl.to_field) if cl.to_field else cl.pk_attname

    def cell(row):
        pk = quote(getattr(row, cl.pk_attname))
        popup = f' data-popup-opener="{escape(str(row.serializable_value(popped)))}"' if cl.is_popup else ""
        return f'{start}{pk}{after}"{popup}>{value(row)}{end}'

    return cell
