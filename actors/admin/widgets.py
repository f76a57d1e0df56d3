"""Form widgets of the admin."""

from django.contrib.admin.widgets import AdminTextareaWidget

from actors.fields import split_names


class NamesWidget(AdminTextareaWidget):
    """Text area with one name per line."""

    def __init__(self):
        super().__init__({"rows": 3})

    def format_value(self, value):
        """Return one name per line."""
        return "\n".join(split_names(value or ""))
