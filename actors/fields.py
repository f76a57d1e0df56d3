"""Column types of the actor table."""

import re
import unicodedata
from datetime import UTC

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

# Bidirectional overrides and isolates can make a page say what its text does not;
# https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing
# Fillers, blanks and tags look like nothing. The joiners of Persian and Indic names are not among them.
BLANKS = "\u115f\u1160\u2800\u3164\uffa0"
_FORBIDDEN = (
    "\x7f-\x9f\u180e\u2028-\u202e\u2061-\u206f\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f" + BLANKS
)
_FORBIDDEN_IN_LINE = re.compile(f"[\x00-\x1f{_FORBIDDEN}]")
_FORBIDDEN_IN_TEXT = re.compile(f"[\x00-\x09\x0b-\x1f{_FORBIDDEN}]")
# What comes with a text from elsewhere and says nothing here: where a word may be broken, marks of direction and of
# byte order; tabs; and the ends of lines of Word and others.
UNSAID = re.compile("[\xad\u061c\u200b\u200e\u200f\u2060\ufeff]")
_SPACES = re.compile("[\t\x0b\x0c\x85\u2028\u2029]")
_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
SEPARATOR = " / "
_BETWEEN_NAMES = re.compile(r"[\r\n\x0b\x0c\x85\u2028\u2029]+|(?:^|(?<=\s))/(?=\s|$)")
# The largest value of an integer column: PostgreSQL refuses a number beyond.
MAX_ID = 2**31 - 1
NEAR = 20  # characters


class CleanText:
    """Mixed into a text column: stores NFC, trimmed, without control or bidi characters.

    Those that say nothing are left out, and tabs become spaces. The rule holds
    for whoever writes through a model: forms, ``save``, ``bulk_create`` and
    ``update``. Raises ValidationError naming the character, and what is around.
    """

    forbidden = _FORBIDDEN_IN_LINE

    def clean_text(self, value):
        if not isinstance(value, str):
            return value
        value = unicodedata.normalize("NFC", _SPACES.sub(" ", UNSAID.sub("", value))).strip()
        if found := self.forbidden.search(value):
            raise ValidationError(
                _("%(name)s holds the character U+%(code)s, which cannot be seen and is not allowed: “%(near)s”."),
                code="forbidden_character",
                params={"name": self.verbose_name, "code": f"{ord(found[0]):04X}", "near": _near(value, found)},
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


def _near(text, found):
    """Return what is around the character that was ``found``, with a mark in its place."""
    before, after = text[max(found.start() - NEAR, 0) : found.start()], text[found.end() : found.end() + NEAR]
    near = f"{before}\ufffd{after}".replace("\n", " ")
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in near)


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
            value = _ENDS.sub("\n", value)
        return super().clean_text(value)


class CountryField(models.CharField):
    """A country's ISO 3166-1 alpha-2 code. Migrations leave out its choices: the names change with django-countries."""

    def deconstruct(self):
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("choices", None)
        return name, path, args, kwargs


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
