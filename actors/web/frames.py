"""Pages that differ in a few values only, made fast. What a page looks like is its template's alone.

A template is rendered once for each kind of page, with marks in the places of
the values, and the values are put in their places: what is around them costs
nothing after that. A template may show such a value, and test whether there is
one; to do more with it, it must be no such value.
"""

import re
from collections.abc import Callable, Hashable, Mapping
from html import escape
from urllib.parse import quote_plus

from django.conf import settings
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from actorsite.page_cache.memoize import LRUCache, request_version

# Of Unicode's private use: nobody's text, and no filter of a template changes them.
MARKS = tuple(map(chr, range(0xE000, 0xE020)))
# What a visitor has typed stands in texts and, encoded, in addresses.
TYPED = "\uf000"

# Some ten kilobytes each.
_frames = LRUCache(64)


class Frame:
    """A text with places for values; ``slots`` are the marks in it, each with its value's name."""

    __slots__ = ("form", "names")

    def __init__(self, text: str, slots: dict[str, Hashable]):
        parts = re.split(f"({'|'.join(map(re.escape, slots))})", text)
        self.names = [slots[mark] for mark in parts[1::2]]
        self.form = "%s".join(part.replace("%", "%%") for part in parts[::2])

    def fill(self, values: Mapping[Hashable, str]) -> str:
        """Return the text with ``values``, which are HTML, in their places."""
        return self.form % tuple([values[name] for name in self.names])


def render(
    request,
    template: str,
    kind: Hashable,
    values: dict[str, str],
    context: Callable[[str], dict],
    typed: str = "",
) -> HttpResponse:
    """Return the page that ``template`` makes of ``values`` and of ``context(typed)``.

    The context must be the same for all pages of one ``kind`` at one version of
    the data, but for what was ``typed``: in its place the context is made with
    a mark. Where the version is not known, and while a designer works
    (``DEBUG``), the template is rendered with everything as it is.
    """
    token = request_version(request)
    if token is None or settings.DEBUG:
        return HttpResponse(render_to_string(template, {**context(typed), **values}, request))
    there = tuple(map(bool, values.values()))
    key = (template, token, get_language(), request.scheme, request.get_host(), bool(typed), kind, there)

    def make():
        slots = dict(zip(MARKS, values, strict=False))
        marked = {name: mark if values[name] else "" for mark, name in slots.items()}
        text = render_to_string(template, {**context(TYPED if typed else ""), **marked}, request)
        return Frame(text, {**slots, TYPED: "typed", quote_plus(TYPED): "typed in an address"})

    html = {name: value if isinstance(value, SafeString) else escape(value) for name, value in values.items()}
    html["typed"], html["typed in an address"] = escape(typed), quote_plus(typed)
    return HttpResponse(_frames.get(key, make).fill(html))
