"""Names of countries, in a reader's language and order."""

from functools import lru_cache

from django.conf import settings
from django.utils.translation import get_language, override
from django_countries import countries

from actors.text.normalize import fold


def country_choices() -> list[tuple[str, str]]:
    """Return (ISO 3166-1 alpha-2 code, name) of every country, ordered by name in the active language."""
    return _country_choices(get_language() or settings.LANGUAGE_CODE)


@lru_cache(8)
def _country_choices(language: str) -> list[tuple[str, str]]:
    # Use the language of the cache key, because this thread may have another active language.
    with override(language):
        # Strip the names: a translation of django-countries begins with a space.
        choices = [(code, name.strip()) for code, name in countries]
    return sorted(choices, key=lambda choice: country_order(choice[1], language))


def country_order(name: str, language: str) -> str | bytes:
    """Return the sort key of a country's name for a reader of ``language``."""
    # GB 18030 encodes common characters in the order of pinyin, which readers of Chinese expect.
    return name.encode("gb18030") if language.startswith("zh") else fold(name)


@lru_cache(1_024)
def country_name(code: str, language: str | None) -> str:
    """Return the name of the country ``code`` in ``language``; None means untranslated text, in English."""
    with override(language):
        return str(countries.name(code)).strip()
