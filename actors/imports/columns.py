"""Which field each column of a file is."""

from functools import cache

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from actors.exports import records
from actors.fields import UNSAID
from actors.imports.errors import Unreadable, shown
from actors.models import Actor
from actors.text.normalize import fold

KEYS = ("id", "version")
FIELDS = tuple(name for name in records.FIELDS if name not in (*KEYS, "last_update"))
# What our own exports have besides, and nobody can set.
IGNORED = ("last_update", "url")


@cache
def _names():
    names = {}
    for name in (*records.FIELDS, "url"):
        names[fold(name)] = name
    names["actor id"] = "id"
    for code, _language in settings.LANGUAGES:
        with translation.override(code):
            for name in records.FIELDS:
                names.setdefault(fold(str(Actor._meta.get_field(name).verbose_name)), name)
    return names


def heading_of(text: str) -> str:
    """Return a heading in one line: a browser sends each end of a line back as another one."""
    return " ".join(UNSAID.sub("", text).split())


def field_of(heading: str) -> str:
    """Return the field that a column of that heading is, by its name or its label; empty where none is meant."""
    return _names().get(fold(heading), "")


def assign(header: list[str], given: dict[str, str]) -> tuple[list[str], list[int]]:
    """Return the fields that a file has, and the position of each.

    ``given`` says for headings which field they are, or empty for none. Raises
    Unreadable with all that is wrong.
    """
    mistakes, positions = [], {}
    given = {heading_of(heading): name for heading, name in given.items()}
    for heading, name in given.items():
        if heading not in header:
            mistakes.append(_("There is no column “%(column)s”.") % {"column": shown(heading)})
        if name and name not in (*KEYS, *FIELDS):
            mistakes.append(_("There is no field “%(field)s”.") % {"field": shown(name)})
    unknown = []
    for position, heading in enumerate(header):
        name = given[heading] if heading in given else field_of(heading)
        if name in positions:
            mistakes.append(_("Two columns are the field “%(field)s”.") % {"field": name})
        elif name in (*KEYS, *FIELDS):
            positions[name] = position
        elif heading not in given and name not in IGNORED:
            unknown.append(shown(heading) or _("column %(number)d") % {"number": position + 1})
    if unknown:
        mistakes.append(
            _(
                "Unknown columns: %(columns)s. Say which fields they are, or that they are none. "
                "The fields are %(fields)s."
            )
            % {"columns": ", ".join(unknown[:50]), "fields": ", ".join((*KEYS, *FIELDS))}
        )
    if not mistakes and not {"id", "first_name", "last_name"} & positions.keys():
        mistakes.append(_("No column is an id, a first name or a last name."))
    if not mistakes and not set(FIELDS) & positions.keys():
        mistakes.append(_("No column says anything of the actors."))
    if mistakes:
        raise Unreadable(" ".join(mistakes))
    return list(positions), list(positions.values())
