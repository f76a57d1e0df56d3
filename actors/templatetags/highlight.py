"""Template filters that mark the matches of a search."""

from django import template
from django.utils.html import conditional_escape, format_html_join
from django.utils.safestring import SafeString, mark_safe

from actors.text.normalize import match_ranges

register = template.Library()


@register.filter
def marked(text: str, words: list[str]) -> SafeString:
    """Return ``text``, escaped, with ``<mark>`` around what the folded ``words`` match."""
    if not words:
        return conditional_escape(text)
    pieces, at = [], 0
    for start, end in match_ranges(text, words):
        pieces += [("", text[at:start], ""), (_MARK, text[start:end], _END)]
        at = end
    return format_html_join("", "{}{}{}", [*pieces, ("", text[at:], "")])


@register.filter
def also_found(actor, words: list[str]) -> list[tuple[SafeString, str]]:
    """Return (name, language) of the other names that any of ``words`` matches, with marks."""
    return [(marked(name, words), language) for name, language in actor.other_names if match_ranges(name, words)]


_MARK, _END = mark_safe("<mark>"), mark_safe("</mark>")
