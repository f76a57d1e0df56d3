"""Names of countries are in the requested language, which is part of the cache key."""

import pytest
from django.utils.translation import override

from actors.text import countries

# These tests do not use the database.
pytestmark = pytest.mark.once

NAMES = {"en": "Japan", "zh-hans": "日本"}


@pytest.fixture(autouse=True)
def empty_caches():
    """Clear the caches, because a name cached by another test could hide an error."""
    for function in (countries.country_name, countries._country_choices):
        function.cache_clear()
    yield
    for function in (countries.country_name, countries._country_choices):
        function.cache_clear()


@pytest.mark.parametrize("active", NAMES)
@pytest.mark.parametrize("language", NAMES)
def test_country_name_uses_the_given_language(language, active):
    """Regression: a name in the first visitor's language was cached for another language."""
    with override(active):
        assert countries.country_name("JP", language) == NAMES[language]


@pytest.mark.parametrize("active", NAMES)
@pytest.mark.parametrize("language", NAMES)
def test_cached_country_choices_are_in_the_language_of_their_cache_key(language, active):
    with override(active):
        assert dict(countries._country_choices(language))["JP"] == NAMES[language]


@pytest.mark.parametrize(("language", "first"), [("en", "Afghanistan"), ("zh-hans", "阿尔巴尼亚")])
def test_country_choices_are_in_the_active_language_and_its_order(language, first):
    """django-countries has a space before the Chinese name of Svalbard, which sorted it first."""
    with override(language):
        choices = countries.country_choices()
    assert dict(choices)["JP"] == NAMES[language]
    assert choices[0][1] == first


def test_country_names_have_no_surrounding_spaces():
    assert countries.country_name("SJ", "zh-hans") == "斯瓦尔巴群岛和扬马延岛"
