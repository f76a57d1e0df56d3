"""Model fields of actors and films, and the expressions of their indexes."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.translation import gettext_lazy as _

# Bidirectional overrides and isolates can make text look different from what it says:
# https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing
# Fillers, blanks and tags are invisible. The joiners, which Persian and Indic names need, are allowed.
BLANKS = "\u115f\u1160\u2800\u3164\uffa0"
_FORBIDDEN = (
    "\x7f-\x9f\u180e\u2028-\u202e\u2061-\u206f\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f" + BLANKS
)
_FORBIDDEN_IN_LINE = re.compile(f"[\x00-\x1f{_FORBIDDEN}]")
_FORBIDDEN_IN_TEXT = re.compile(f"[\x00-\x09\x0b-\x1f{_FORBIDDEN}]")
# Invisible characters that are common in copied text, and are removed: soft hyphens, zero-width spaces, direction marks
# and byte order marks. The next two patterns match tabs, and the line ends of Word and other programs.
INVISIBLE = re.compile("[\xad\u061c\u200b\u200e\u200f\u2060\ufeff]")
_SPACES = re.compile("[\t\x0b\x0c\x85\u2028\u2029]")
_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
SEPARATOR = " / "
_BETWEEN_NAMES = re.compile(r"[\r\n\x0b\x0c\x85\u2028\u2029]+|(?:^|(?<=\s))/(?=\s|$)")
# The largest value of an integer column: PostgreSQL refuses larger numbers.
MAX_ID = 2**31 - 1
NEAR = 20  # characters


class CleanText(models.Field):
    """Mixin for text fields: stores text in NFC, trimmed, without control or bidirectional characters.

    Some invisible characters (INVISIBLE) are removed, and tabs become spaces. Forbidden ones
    raise ValidationError, which names the character and shows the text around it. The rule
    applies to every write through a model: forms, ``save``, ``bulk_create`` and ``update``.
    """

    forbidden = _FORBIDDEN_IN_LINE

    def clean_text(self, value: Any) -> Any:
        """Return ``value`` as it is stored. A value that is not text is returned unchanged."""
        if not isinstance(value, str):
            return value
        value = unicodedata.normalize("NFC", _SPACES.sub(" ", INVISIBLE.sub("", value))).strip()
        if found := self.forbidden.search(value):
            raise ValidationError(
                _("%(name)s contains the invisible character U+%(code)s, which is not allowed: “%(near)s”."),
                code="forbidden_character",
                params={"name": self.verbose_name, "code": f"{ord(found[0]):04X}", "near": _near(value, found)},
            )
        return value

    def to_python(self, value: Any) -> Any:
        """Return the cleaned text."""
        return self.clean_text(super().to_python(value))

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """Return the cleaned text, and set it on the instance."""
        value = self.clean_text(super().pre_save(model_instance, add))
        setattr(model_instance, self.attname, value)
        return value

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> Any:
        """Return the cleaned text. Some writes, such as ``update``, don't call ``pre_save``."""
        return super().get_db_prep_save(self.clean_text(value), connection)


def _near(text: str, found: re.Match[str]) -> str:
    """Return the text around the character that was ``found``, with U+FFFD in its place."""
    before, after = text[max(found.start() - NEAR, 0) : found.start()], text[found.end() : found.end() + NEAR]
    near = f"{before}\ufffd{after}".replace("\n", " ")
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in near)


class LineField(CleanText, models.CharField):
    """One line of text."""


class NamesField(LineField):
    """Several names in one line, separated by `` / ``. A form may have them on separate lines."""

    def clean_text(self, value: Any) -> Any:
        """Return the names without duplicates, separated by slashes."""
        if isinstance(value, str):
            value = SEPARATOR.join(dict.fromkeys(split_names(value)))
        return super().clean_text(value)


def split_names(text: str) -> list[str]:
    """Return the names of a NamesField's ``text``. A slash without spaces around it is part of a name."""
    return [name for part in _BETWEEN_NAMES.split(text) if (name := part.strip())]


class PlainTextField(CleanText, models.TextField):
    """Text of several lines, without markup."""

    forbidden = _FORBIDDEN_IN_TEXT

    def clean_text(self, value: Any) -> Any:
        """Return the text with line feeds as line ends."""
        if isinstance(value, str):
            value = _ENDS.sub("\n", value)
        return super().clean_text(value)


class CountryField(models.CharField):
    """A country's ISO 3166-1 alpha-2 code. Migrations leave out its choices: the names change with django-countries."""

    default_error_messages = {
        "invalid_choice": _("%(value)r is not a country. Use its two-letter ISO code, such as GB."),
    }

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        """Return the arguments for migrations, without the choices."""
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("choices", None)
        return name, path, args, kwargs


class FoldedField(models.TextField):
    """Folded text that the database computes. Every database compares it byte by byte.

    It has no maximum length: one letter may fold to eighteen (U+FDFA).

    The collation "C" sorts as SQLite does, and lets an index find the rows with a prefix.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"editable": False, "db_default": "", **kwargs})

    def db_parameters(self, connection: BaseDatabaseWrapper) -> dict[str, Any]:
        """Return the parameters: on PostgreSQL with the collation "C", which sorts by code point, as SQLite does."""
        collation = {"collation": "C"} if connection.vendor == "postgresql" else {}
        return {**super().db_parameters(connection), **collation}


class UTCTimestampField(models.DateTimeField):
    """Time in UTC, in a column without time zone, as in the replaced page's table."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        """Return timestamp without time zone, the type of the replaced page's column."""
        return "timestamp" if connection.vendor == "postgresql" else super().db_type(connection)

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        """Return the time in UTC, because the column has no time zone."""
        value = super().get_db_prep_value(value, connection, prepared)
        if connection.vendor == "postgresql" and getattr(value, "tzinfo", None):
            value = value.astimezone(UTC).replace(tzinfo=None)
        return value

    def from_db_value(
        self, value: datetime | None, expression: models.Expression, connection: BaseDatabaseWrapper
    ) -> datetime | None:
        """Return ``value`` with its time zone, UTC."""
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


class Newest(models.Func):
    """A sort key: the newest year first, rows without a year last."""

    # The numbers are not parameters: SQLite uses an index on an expression only if the statement's text contains it.
    template = "(3000 - COALESCE(%(expressions)s, 0))"
    output_field = models.IntegerField()


class Decade(models.Func):
    """A year's decade: 194 for the 1940s."""

    template = "(%(expressions)s / 10)"
    output_field = models.IntegerField()


class Empty(models.Func):
    """Whether a text column is empty. PostgreSQL uses an index on it for ``WHERE biography = ''`` if few rows match."""

    template = "(%(expressions)s = '')"
    output_field = models.BooleanField()


class Life(models.Func):
    """One number for both years: the decade of birth, and whether a year of death is known.

    195 means born in the 1940s and living, -195 means born in the 1940s and deceased. 1 and -1 mean that the year of
    birth is not known.
    """

    template = "(CASE WHEN %(expressions)s, 0) / 10 + 1))"
    arg_joiner = " IS NULL THEN 1 ELSE -1 END * (COALESCE("
    output_field = models.IntegerField()
