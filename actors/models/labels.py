"""Verbose names of model fields."""

from typing import Any, cast

from django.db import models


def concrete_field(model: type[models.Model], name: str) -> "models.Field[Any, Any]":
    """Return the field ``name`` of ``model``, typed as a field with a column. It must not be a reverse relation."""
    return cast("models.Field[Any, Any]", model._meta.get_field(name))


def verbose_name_of(model: type[models.Model], name: str) -> str:
    """Return the name of a field in the active language, such as "year of birth"."""
    return str(concrete_field(model, name).verbose_name)
