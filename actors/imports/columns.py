"""Assignment of a file's columns to fields."""

from collections.abc import Mapping
from functools import cache

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from actors.exports import records
from actors.fields import INVISIBLE
from actors.imports.errors import UnreadableFileError, printable
from actors.models import Actor
from actors.models.labels import concrete_field
from actors.text.normalize import fold

KEY_FIELDS = ("id", "version")
IMPORT_FIELDS = tuple(name for name in records.ACTOR_FIELDS if name not in (*KEY_FIELDS, "last_update"))
# Further columns of this site's exports, which an import ignores.
IGNORED_FIELDS = ("last_update", "url")


@cache
def _fields_by_heading() -> dict[str, str]:
    names: dict[str, str] = {}
    for name in (*records.ACTOR_FIELDS, "url"):
        names[fold(name)] = name
    names["actor id"] = "id"
    for code, _language in settings.LANGUAGES:
        with translation.override(code):
            for name in records.ACTOR_FIELDS:
                names.setdefault(fold(str(concrete_field(Actor, name).verbose_name)), name)
    return names


def normalize_heading(text: str) -> str:
    """Return a heading on one line, since browsers change the line ends in it when they submit it."""
    return " ".join(INVISIBLE.sub("", text).split())


def field_for_heading(heading: str) -> str:
    """Return the field whose name or label is ``heading``, or "" if there is none."""
    return _fields_by_heading().get(fold(heading), "")


def assign_columns(header: list[str], given: Mapping[str, str]) -> tuple[list[str], list[int]]:
    """Return the fields of a file, and the position of each field's column.

    Args:
        header: The headings.
        given: {heading: field} as chosen by the user; "" to ignore a column.

    Raises:
        UnreadableFileError: The message lists all errors.
    """
    errors: list[str] = []
    positions: dict[str, int] = {}
    given = {normalize_heading(heading): name for heading, name in given.items()}
    for heading, name in given.items():
        if heading not in header:
            errors.append(_("There is no column “%(column)s”.") % {"column": printable(heading)})
        if name and name not in (*KEY_FIELDS, *IMPORT_FIELDS):
            errors.append(_("There is no field “%(field)s”.") % {"field": printable(name)})
    unknown = []
    for position, heading in enumerate(header):
        name = given[heading] if heading in given else field_for_heading(heading)
        if name in positions:
            errors.append(_("Two columns are assigned to the field “%(field)s”.") % {"field": name})
        elif name in (*KEY_FIELDS, *IMPORT_FIELDS):
            positions[name] = position
        elif heading not in given and name not in IGNORED_FIELDS:
            unknown.append(printable(heading) or _("column %(number)d") % {"number": position + 1})
    if unknown:
        errors.append(
            _(
                "Unknown columns: %(columns)s. Assign each one to a field, or don't import it. The fields are "
                "%(fields)s."
            )
            % {"columns": ", ".join(unknown[:50]), "fields": ", ".join((*KEY_FIELDS, *IMPORT_FIELDS))}
        )
    if not errors and not {"id", "first_name", "last_name"} & positions.keys():
        errors.append(_("The file needs a column with the ID, the first name or the last name."))
    if not errors and not set(IMPORT_FIELDS) & positions.keys():
        errors.append(_("The file has no column with data about actors."))
    if errors:
        raise UnreadableFileError(" ".join(errors))
    return list(positions), list(positions.values())
