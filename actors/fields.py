"""Column types of the actor table."""

import re
import unicodedata
from datetime import UTC

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

# Bidirectional overrides and isolates can make a page say what its text does not;
# https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing
_FORBIDDEN = "\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff"
_FORBIDDEN_IN_LINE = re.compile(f"[\x00-\x1f{_FORBIDDEN}]")
SEPARATOR = " / "
_BETWEEN_NAMES = re.compile(r"[\r\n]+|(?:^|(?<=\s))/(?=\s|$)")
_FORBIDDEN_IN_TEXT = re.compile(f"[\x00-\x09\x0b-\x1f{_FORBIDDEN}]")


class CleanText:
    """Mixed into a text column: stores NFC, trimmed, without control or bidi characters.

    The rule holds for whoever writes through a model: forms, ``save``,
    ``bulk_create`` and ``update``. Raises ValidationError naming the character.
    """

    forbidden = _FORBIDDEN_IN_LINE

    def clean_text(self, value):
        if not isinstance(value, str):
            return value
        value = unicodedata.normalize("NFC", value).strip()
        if found := self.forbidden.search(value):
            raise ValidationError(
                _("%(name)s holds the character U+%(code)s, which cannot be seen and is not allowed."),
                code="forbidden_character",
                params={"name": self.verbose_name, "code": f"{ord(found[0]):04X}"},
            )
        return value

    def to_python(self, value):
        return self.clean_text(super().to_python(value))

    def pre_save(self, model_instance, add):
        value = self.clean_text(super().pre_save(model_instance, add))
        setattr(model_instance, self.attname, value)
        return value

    def get_db_prep_save(self, value, connection):
        return super().get_db_prep_save(self.clean_text(value), connection)


class LineField(CleanText, models.CharField):
    """One line of text."""


class NamesField(LineField):
    """Several names in one line, with `` / `` between them; lines of a form become such."""

    def clean_text(self, value):
        if isinstance(value, str):
            value = SEPARATOR.join(dict.fromkeys(split_names(value)))
        return super().clean_text(value)


def split_names(text: str) -> list[str]:
    """Return the names of a NamesField's ``text``. A slash within a name, without spaces, is of the name."""
    return [name for part in _BETWEEN_NAMES.split(text) if (name := part.strip())]


class PlainTextField(CleanText, models.TextField):
    """Text of several lines, without markup."""

    forbidden = _FORBIDDEN_IN_TEXT

    def clean_text(self, value):
        if isinstance(value, str):
            value = value.replace("\r\n", "\n").replace("\r", "\n")
        return super().clean_text(value)


class FoldedField(models.TextField):
    """A folded text that the database keeps; compared byte by byte on every database.

    Without a limit: a letter may fold to eighteen (U+FDFA).

    The order of "C" is that of SQLite, and lets an index serve a prefix.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **{"editable": False, "db_default": "", **kwargs})

    def db_parameters(self, connection):
        collation = {"collation": "C"} if connection.vendor == "postgresql" else {}
        return {**super().db_parameters(connection), **collation}


class UTCTimestampField(models.DateTimeField):
    """A moment, in a column without time zone that holds UTC, as the replaced application's does."""

    def db_type(self, connection):
        return "timestamp" if connection.vendor == "postgresql" else super().db_type(connection)

    def get_db_prep_value(self, value, connection, prepared=False):
        value = super().get_db_prep_value(value, connection, prepared)
        if connection.vendor == "postgresql" and getattr(value, "tzinfo", None):
            value = value.astimezone(UTC).replace(tzinfo=None)
        return value

    def from_db_value(self, value, expression, connection):
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


class Newest(models.Func):
    """A number by which the newest year comes first, and what has no year last."""

    # In the statement's own text: SQLite knows an index's expression by nothing else.
    template = "(3000 - COALESCE(%(expressions)s, 0))"
    output_field = models.IntegerField()


class Decade(models.Func):
    """A year's decade: 194 for the 1940s."""

    template = "(%(expressions)s / 10)"
    output_field = models.IntegerField()


class Empty(models.Func):
    """Whether a text is empty. PostgreSQL finds `WHERE biography = ''` in an index of it, where that is rare."""

    template = "(%(expressions)s = '')"
    output_field = models.BooleanField()


class Life(models.Func):
    """The decade of a birth and whether a death is known, as one number: 195 for the living of the 1940s, -195
    for the dead, 1 and -1 where the year of birth is not known. Of the years of death and of birth, in this order.
    """

    template = "(CASE WHEN %(expressions)s, 0) / 10 + 1))"
    arg_joiner = " IS NULL THEN 1 ELSE -1 END * (COALESCE("
    output_field = models.IntegerField()
