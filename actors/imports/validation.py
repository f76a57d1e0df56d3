"""Validation of cells by the model's own rules.

A column is first checked as a whole, with fast built-in functions. Only if that
does not prove all cells valid does the model's field check each cell. A test checks
that both have the same results.
"""

import re
import unicodedata
from collections.abc import Sequence
from datetime import date

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from actors.fields import BLANKS, MAX_ID, LineField, PlainTextField
from actors.imports.columns import KEY_FIELDS
from actors.imports.errors import RowError, printable
from actors.models import Actor
from actors.models.labels import concrete_field
from actors.models.years import FIRST_BIRTH_YEAR, YEAR_FIELDS
from actors.text.countries import country_choices

# Fields that store text unchanged if it is in NFC, is trimmed and has no forbidden characters.
PLAIN_TEXT_FIELDS = (LineField, PlainTextField)
# Printable characters that the fields forbid.
_blank = re.compile(f"[{BLANKS}]")


class ColumnValidator:
    """Validator for columns of the fields ``names``. Cells are text, and are returned as the text to store."""

    def __init__(self, names: list[str]) -> None:
        self.names = names
        self.fields = {name: concrete_field(Actor, name) for name in names}
        self.right = {name: {"", *map(str, range(FIRST_BIRTH_YEAR, date.today().year + 1))} for name in YEAR_FIELDS}
        self.right["country"] = {"", *(code for code, _name in country_choices())}

    def check(self, lines: list[int], columns: list[list[str]]) -> tuple[list[list[str]], list[RowError]]:
        """Return a column of values for each field, and the errors. Values are text; "" means no value."""
        errors: list[RowError] = []
        values: list[list[str]] = []
        for name, cells in zip(self.names, columns, strict=True):
            if name in KEY_FIELDS:
                surely = self._are_keys(cells)
            elif name in self.right:
                surely = self.right[name].issuperset(cells)
            elif type(self.fields[name]) in PLAIN_TEXT_FIELDS:
                surely = self._is_plain(cells, self.fields[name].max_length)
            else:
                surely = not any(cells)
            values.append(cells if surely else self._one_by_one(name, lines, cells, errors))
        return values, sorted(errors)

    def _are_keys(self, cells: list[str]) -> bool:
        digits = "".join(cells)
        return (
            (not digits or (digits.isascii() and digits.isdigit()))
            and max(map(len, cells), default=0) < len(str(MAX_ID))
            and not any(map("0".__eq__, cells))
        )

    def _is_plain(self, cells: list[str], longest: int | None) -> bool:
        """Return whether PLAIN_TEXT_FIELDS with the maximum length ``longest`` store all cells unchanged."""
        joined = "\n".join(cells)
        return (
            (joined.isascii() or (unicodedata.is_normalized("NFC", joined) and not _blank.search(joined)))
            and all(map(str.isprintable, cells))
            and list(map(str.strip, cells)) == cells
            and (longest is None or max(map(len, cells), default=0) <= longest)
        )

    def _one_by_one(self, name: str, lines: list[int], cells: list[str], errors: list[RowError]) -> list[str]:
        """Return the values of a column, each checked by the field; add the errors to ``errors``."""
        known: dict[str, tuple[str, Sequence[str]]] = {}
        values: list[str] = []
        for line, cell in zip(lines, cells, strict=True):
            if cell not in known:
                known[cell] = self._ask(name, cell)
            value, messages = known[cell]
            values.append(value)
            errors.extend(RowError(line, name, printable(cell), message) for message in messages)
        return values

    def _ask(self, name: str, cell: str) -> tuple[str, Sequence[str]]:
        """Return the value of a cell as text, and the field's error messages."""
        field = self.fields[name]
        if type(field) in PLAIN_TEXT_FIELDS and self._is_plain([cell], field.max_length):
            return cell, ()
        try:
            if name in KEY_FIELDS or name in YEAR_FIELDS:
                if not cell.strip():
                    return "", ()
                return str(self._whole(name, field, cell.strip())), ()
            return field.clean(cell, None), ()
        except ValidationError as error:
            messages = error.message_dict[name] if hasattr(error, "error_dict") else error.messages
            # Keep invalid text: an empty name would cause a second error, about a missing name.
            return "" if name in (*KEY_FIELDS, *YEAR_FIELDS) else printable(cell), [
                str(message) for message in messages
            ]

    def _whole(self, name: str, field: models.Field, cell: str) -> int:
        """Return the integer in a cell. Raises ValidationError."""
        if not (cell.isascii() and cell.isdigit()):
            if name in YEAR_FIELDS:
                # Do not take the year of a date: 1946 typed into a date cell of a spreadsheet is a day in 1905.
                raise ValidationError(_("Enter only a year, such as 1946."))
            # int() would accept more, such as "1_900", which is an error in a file.
            raise ValidationError(field.error_messages["invalid"], params={"value": printable(cell)})
        value = int(cell[:20])
        if name in KEY_FIELDS:
            if not 1 <= value <= MAX_ID:
                raise ValidationError(_("Enter a whole number from 1 to %(last)d."), params={"last": MAX_ID})
            return value
        field.clean(value, None)
        if name in YEAR_FIELDS:
            Actor(**{name: value}).clean()
        return value
