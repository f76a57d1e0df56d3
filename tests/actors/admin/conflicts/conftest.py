"""Fixtures for tests of edit conflicts: two curators and a film."""

import pytest

from actors.models import Actor, Credit, Film
from tests.clients import client_of


@pytest.fixture
def alice():
    return client_of("Curators", "alice")


@pytest.fixture
def bob():
    return client_of("Curators", "bob")


@pytest.fixture
def film(actor):
    """Return a film with Mifune as Kikuchiyo and Shimura as Kambei."""
    film = Film.objects.create(title="Seven Samurai", original_title="七人の侍", year=1954)
    Credit.objects.create(film=film, actor=actor, character="Kikuchiyo", billing=1)
    shimura = Actor.objects.create(first_name="Takashi", last_name="Shimura")
    Credit.objects.create(film=film, actor=shimura, character="Kambei", billing=2)
    return film
