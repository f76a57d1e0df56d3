"""Years of actors' lives and of films: valid ranges, and how they are shown."""

from functools import lru_cache

from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

# The oldest film is from 1888, and its actors were not born before 1800;
# https://en.wikipedia.org/wiki/Roundhay_Garden_Scene
FIRST_FILM_YEAR = 1888
FIRST_BIRTH_YEAR = 1800
# The fields of an actor that hold years.
YEAR_FIELDS = ("birth_year", "death_year")


def year_message(first: int, last: int) -> str:
    """Return the error message for a year that is not between ``first`` and ``last``."""
    return _("Enter a year from %(first)d to %(last)d, or leave this empty.") % {"first": first, "last": last}


@lru_cache(1_024)
def life_span(birth_year: int | None, death_year: int | None, language: str | None) -> str:
    """Return the years of a life in ``language``: "1920–1997", "born 1954"; empty if both are unknown."""
    # Use the language of the cache key, because this thread may have another active language.
    with override(language):
        if birth_year and death_year:
            return f"{birth_year}–{death_year}"
        if birth_year:
            return gettext("born %(year)d") % {"year": birth_year}
        if death_year:
            return gettext("died %(year)d") % {"year": death_year}
        return ""
