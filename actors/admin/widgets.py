"""Form fields of the editors' pages."""

from django import forms
from django.contrib.admin import helpers
from django.contrib.admin.widgets import AdminTextareaWidget
from django.forms.utils import flatatt
from django.utils.html import escape
from django.utils.safestring import mark_safe

from actors.fields import split_names


class NamesWidget(AdminTextareaWidget):
    """Several names, one a line."""

    def __init__(self):
        super().__init__({"rows": 3})

    def format_value(self, value):
        return "\n".join(split_names(value or ""))


class PlainSelect(forms.Select):
    """A select box without groups. The stock one renders two templates for each option, of 250 countries too."""

    def render(self, name, value, attrs=None, renderer=None):
        chosen = self.format_value(value)
        options = (
            f'  <option value="{escape(str(choice))}"{" selected" if str(choice) in chosen else ""}>'
            f"{escape(str(label))}</option>"
            for choice, label in self.choices
        )
        attributes = flatatt({"name": name, **self.build_attrs(self.attrs, attrs)})
        return mark_safe("\n".join([f"<select{attributes}>", *options, "</select>"]))  # noqa: S308  each escaped


class ActionForm(helpers.ActionForm):
    # The stock label, which is in Django's catalogue.
    action = forms.ChoiceField(label=helpers.ActionForm.base_fields["action"].label, widget=PlainSelect)
