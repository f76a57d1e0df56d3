"""Health checks of reused connections."""

import pytest
from django.db import connection

from actorsite.db.postgresql import base
from tests.wsgi import Site

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


def test_health_check_is_skipped_right_after_version_read(monkeypatch):
    """After the circuit breaker has tripped, the connection is nevertheless replaced."""
    site, pings = Site(), []
    monkeypatch.setattr(base.base.DatabaseWrapper, "is_usable", lambda wrapper: not pings.append(wrapper))
    monkeypatch.setitem(connection.settings_dict, "CONN_HEALTH_CHECKS", True)
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 60)
    connection.close()

    def pings_of_a_page(number):
        pings.clear()
        assert site.get(f"/?uncached={number}")[0] == 200
        return len(pings)

    pings_of_a_page(1)
    monkeypatch.setattr(base, "HEALTHY_SECONDS", 60)
    assert pings_of_a_page(2) == 0
    monkeypatch.setattr(base, "HEALTHY_SECONDS", 0)
    assert pings_of_a_page(3) > 0
    base.breaker.trip()
    monkeypatch.setattr(base, "HEALTHY_SECONDS", 60)
    opened = connection.opened
    assert (pings_of_a_page(4), connection.opened > opened) == (0, True)
