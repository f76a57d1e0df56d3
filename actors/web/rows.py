"""The rows of a list, fast. What a row looks like is actors/row.html's alone, and a group of rows actors/group.html's.

Each of these templates is rendered once for each kind of row, with marks in the
places of the values, and the values are put in their places: fifty rows cost
what one did. A value that a kind depends on is in SHOWN, so a row without a
native name is another kind than a row with one.
"""

import re
from functools import lru_cache
from html import escape

from django.conf import settings
from django.template.loader import get_template
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from actors.listing.rows import Listed
from actors.models.years import life_span
from actors.templatetags.highlight import marked
from actors.text.countries import country_name
from actors.text.slugs import object_url, slugify_name
from actors.web.frames import MARKS, Frame

# What row.html may show of an actor, besides ``native_language``.
SHOWN = ("get_absolute_url", "first_name", "last_name", "native_name", "years", "country_name")

_special = re.compile("[&<>\"']")


def groups_of(groups, sort: str, words: list[str]) -> SafeString:
    """Return a list of actors in groups, which are (initial, actors); no text where there is none.

    In the actors' rows, what matches the folded ``words`` of a search is marked.
    """
    if settings.DEBUG:
        group = get_template("actors/group.html")
        made = [group.render({"initial": initial, "rows": rows_of(some, sort, words)}) for initial, some in groups]
    else:
        language = get_language()
        made = [
            _group(bool(initial)).fill({"initial": escape(initial), "rows": rows_of(some, sort, words, language)})
            for initial, some in groups
        ]
    return mark_safe("".join(made))  # noqa: S308  templates escape, and so do we


def rows_of(actors, sort: str, words: list[str], language: str | None = None) -> SafeString:
    """Return a row for each of ``actors``, in the ``language`` that is active.

    One that shows what its template alone knows is rendered by itself; that of a Listed is kept with it.
    """
    language = language or get_language()
    if words or settings.DEBUG or not isinstance(actors[0], Listed):
        made = [_row(actor, sort, words, language) for actor in actors]
    else:
        of = (sort, language)
        made = [actor.rendered.get(of) or _kept(actor, of) for actor in actors]
    return mark_safe("".join(made))  # noqa: S308  templates escape, and so do we


def _kept(actor, of):
    sort, language = of
    actor.rendered[of] = row = _row(actor, sort, [], language)
    return row


def _row(actor, sort, words, language):
    if settings.DEBUG or (words and actor.also_known_as):
        context = {"actor": actor, "listing": {"sort": sort}, "words": words}
        return get_template("actors/row.html").render(context)
    first, last, native = actor.first_name, actor.last_name, actor.native_name
    # As the actor's own properties, each of which asks for the language and others anew.
    path = object_url("actor", actor.pk, slugify_name(f"{first} {last}".strip()) or "actor")
    years = life_span(actor.birth_year, actor.death_year, language)
    country = _country(actor.country, language)
    spoken = native and actor.native_language
    if words:
        first, last, native = marked(first, words), marked(last, words), marked(native, words)
    elif _special.search(f"{first}{last}{native}"):
        first, last, native = escape(first), escape(last), escape(native)
    values = (path, first, last, native, years, country)
    return _kind(sort, language, spoken, tuple(map(bool, values))).fill(values)


@lru_cache(1_024)
def _country(code, language):
    return escape(country_name(code, language))


@lru_cache(512)
def _kind(sort, language, native_language, present):
    """Return the frame of the rows that have the values that are ``present``, of SHOWN; its values go by number."""
    actor = _Marks(present, native_language)
    text = get_template("actors/row.html").render({"actor": actor, "listing": {"sort": sort}, "words": ""})
    return Frame(text, {mark: number for number, mark in enumerate(MARKS[: len(SHOWN)])})


@lru_cache(2)
def _group(initial):
    text = get_template("actors/group.html").render({"initial": initial and MARKS[0], "rows": MARKS[1]})
    return Frame(text, {MARKS[0]: "initial", MARKS[1]: "rows"})


class _Marks:
    """In an actor's place: a mark for each value that is there."""

    def __init__(self, present, native_language):
        self.native_language = native_language
        for name, mark, there in zip(SHOWN, MARKS, present, strict=False):
            setattr(self, name, mark if there else "")

    def __getattr__(self, name):
        raise LookupError(f"actors/row.html shows {name}: SHOWN in actors/web/rows.py must have it.")
