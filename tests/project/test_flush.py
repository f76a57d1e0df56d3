"""The quick flush of tests/conftest.py leaves no rows for the next test."""

import pytest
from django.apps import apps
from django.core.management import call_command

from actors.models import Credit, Film

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db(transaction=True)]


def tables_with_rows():
    return {model._meta.label for model in apps.get_models(include_auto_created=True) if model.objects.exists()}


def test_flush_keeps_only_content_types_and_permissions(root, actor):
    """History rows that SQLite's triggers write during the flush are deleted too."""
    Credit.objects.create(actor=actor, film=Film.objects.create(title="Ran"))
    assert {"actors.Actor", "actors.Change", "actors.FilmChange", "auth.User"} <= tables_with_rows()
    call_command("flush", verbosity=0, interactive=False)
    assert tables_with_rows() == {"contenttypes.ContentType", "auth.Permission"}
