"""The fast and the slow validation of an import both apply the rules of the model."""

import json

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings, strategies

from actors.imports.columns import IMPORT_FIELDS
from actors.imports.validation import ColumnValidator
from actors.models import Actor
from tests.actors.imports.test_imports import examined

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

CELLS = {
    "first_name": strategies.text(max_size=50),
    "last_name": strategies.text(max_size=50),
    "native_name": strategies.text(max_size=95),
    "birth_year": strategies.one_of(strategies.just(""), strategies.integers(1700, 2100).map(str)),
    "death_year": strategies.one_of(strategies.just(""), strategies.integers(1700, 2100).map(str)),
    "country": strategies.sampled_from(["", "JP", "XX", "jp", "FRA"]),
    "biography": strategies.text(),
    "also_known_as": strategies.text(alphabet="ab /;\n\u0301", max_size=30),
}


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(cells=strategies.fixed_dictionaries(CELLS))
def test_row_is_valid_if_the_model_accepts_it(db, cells):
    values, errors = ColumnValidator(list(IMPORT_FIELDS)).check([2], [[cells[name]] for name in IMPORT_FIELDS])
    stored = dict(zip(IMPORT_FIELDS, (column[0] for column in values), strict=True))
    empty = {name: None if name.endswith("year") else "" for name in IMPORT_FIELDS}
    actor = Actor(**{name: cells[name] or empty[name] for name in IMPORT_FIELDS})
    try:
        actor.clean_fields()
    except ValidationError as error:
        assert {error.column for error in errors} >= error.message_dict.keys()
    else:
        years = {"birth_year", "death_year"}
        assert {error.column for error in errors} <= years
        assert {name: stored[name] for name in IMPORT_FIELDS if name not in years} == {
            name: getattr(actor, name) for name in IMPORT_FIELDS if name not in years
        }
    content = json.dumps([cells])
    try:
        actor.full_clean()
    except ValidationError:
        right = False
    else:
        right = True
    if any(cells.values()):
        with transaction.atomic(), examined(content) as staging:
            assert (staging.wrong == 0) is right, list(staging.errors())


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    name=strategies.sampled_from(["first_name", "native_name", "biography", "also_known_as", "country", "birth_year"]),
    cells=strategies.lists(
        strategies.one_of(
            strategies.text("aeB \u0301\u00e9\u00a0\u200f\u200b\u2029\u3164\x0b\n\r\t/\0", max_size=6),
            strategies.text(max_size=6),
        ),
        min_size=1,
        max_size=3,
    ),
)
@example(name="birth_year", cells=["0"])
@example(name="first_name", cells=["e\u0301"])
def test_cell_is_cleaned_as_the_field_would_clean_it(name, cells):
    checker = ColumnValidator([name])
    (values,), errors = checker.check(list(range(len(cells))), [cells])
    wrong = {error.line for error in errors}
    for line, (cell, value) in enumerate(zip(cells, values, strict=True)):
        try:
            if name == "birth_year" and (not cell.strip() or line in wrong):
                # The range of years is checked by Actor.clean(), not by the field.
                assert value == "" and cell.strip() not in checker.right[name] - {""}
            else:
                assert value == str(Actor._meta.get_field(name).clean(cell, None))
        except ValidationError:
            assert line in wrong
        else:
            assert line not in wrong or name == "birth_year"


def test_fast_check_accepts_only_text_the_field_keeps_unchanged():
    """The fast check of a column must never accept text that the field would change or refuse."""
    checker = ColumnValidator(["first_name"])
    for code in range(0x110000):
        cell = f"a{chr(code)}b"
        if checker._is_plain([cell], 45):
            assert Actor._meta.get_field("first_name").clean_text(cell) == cell, hex(code)
