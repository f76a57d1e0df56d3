"""URLs of actors and films."""

import pytest
from django.urls import reverse

from actors.models import Actor, Film


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name", ["Alla Demidova", "A. B.  C", "Å-1 Zoë", "0 _ 0", "梁朝偉", "%/?#&", "e\u0301", "Ó'Brien-Smith", "x" * 45]
)
def test_object_url_equals_reverse_for_any_name(name):
    actor, film = Actor.objects.create(first_name=name), Film.objects.create(title=name)
    assert actor.get_absolute_url() == reverse("actor", args=[actor.pk, actor.slug])
    assert film.get_absolute_url() == reverse("film", args=[film.pk, film.slug])
