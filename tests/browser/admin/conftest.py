"""Fixtures of the admin's browser tests."""

import pytest
from django.contrib.auth.models import Group, User

from actors.models import Actor
from tests.clients import PASSWORD
from tests.directory import load_directory


@pytest.fixture
def carol():
    """Load the actors of the fixture; return a superuser who is also a curator."""
    load_directory(Actor)
    # A transactional test before this one has removed the groups that the migrations create.
    group, _made = Group.objects.get_or_create(name="Curators")
    carol = User.objects.create_superuser("carol", password=PASSWORD)
    carol.groups.add(group)
    return carol


@pytest.fixture
def url(carol):
    """Return the URL of the change form of one actor."""
    return f"/admin/actors/actor/{Actor.objects.get(last_name='Mifune').pk}/change/"
