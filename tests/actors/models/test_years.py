"""Life spans are in the requested language, which is part of the cache key."""

import pytest
from django.utils.translation import override

from actors.models import years

# These tests do not use the database.
pytestmark = pytest.mark.once

BORN = {"en": "born 1954", "zh-hans": "生于 1954 年"}


@pytest.fixture(autouse=True)
def empty_cache():
    years.life_span.cache_clear()
    yield
    years.life_span.cache_clear()


@pytest.mark.parametrize("active", BORN)
@pytest.mark.parametrize("language", BORN)
def test_life_span_uses_the_given_language(language, active):
    with override(active):
        assert years.life_span(1954, None, language) == BORN[language]
