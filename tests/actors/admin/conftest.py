"""Fixtures for tests of the admin."""

import pytest

from actors.models import Credit, Film


@pytest.fixture
def film(actor):
    """Return a film whose only cast member is ``actor``."""
    film = Film.objects.create(title="Seven Samurai", original_title="七人の侍", year=1954)
    Credit.objects.create(film=film, actor=actor, character="Kikuchiyo", billing=1)
    return film
