"""Form field for the actor of a credit: autocompletion, or a typed name or id in browsers without JavaScript."""

from django import forms
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.utils.html import format_html
from django.utils.translation import gettext as _

from actors.admin.params import is_number
from actors.fields import split_names
from actors.models import Actor
from actors.search import ranking
from actors.text.normalize import fold
from actorsite.admin_site.changelist import MAX_SEARCH_LENGTH

TEXT_SUFFIX = "_written"
MAX_MATCHES = 50
MAX_NAMED_ACTORS = 5


class UnmatchedName(str):
    """Typed name that matches no actor, or more than one. ``chosen`` is the id in the select box next to it."""

    chosen = ""


class ActorPicker(AutocompleteSelect):
    """Django's autocompletion, with a text box next to it in browsers without JavaScript."""

    def value_from_datadict(self, data, files, name):
        """Return the text in the text box as an UnmatchedName, or the chosen id if the box is empty.

        match_written_names has already replaced the names that match one actor.
        """
        chosen = super().value_from_datadict(data, files, name)
        if text := data.get(f"{name}{TEXT_SUFFIX}", "").strip():
            unmatched = UnmatchedName(text)
            unmatched.chosen = chosen or ""
            return unmatched
        return chosen

    def render(self, name, value, attrs=None, renderer=None):
        """Return the HTML of the select box, and of a text box for browsers without JavaScript."""
        text, value = (value, value.chosen) if isinstance(value, UnmatchedName) else ("", value)
        box = super().render(name, value, attrs, renderer)
        label = _("or enter the full name or the ID")
        return format_html(
            '{}<noscript><label class="written">{} <input type="text" name="{}{}" value="{}"></label></noscript>',
            box, label, name, TEXT_SUFFIX, text,
        )  # fmt: skip


class ActorPickerField(forms.ModelChoiceField):
    """Form field for an actor, chosen in the select box or typed as a name or id."""

    def to_python(self, value):
        """Return the actor. Raises ValidationError with the reason for an UnmatchedName."""
        if isinstance(value, UnmatchedName):
            _actor, error = find_actor(value)
            raise ValidationError(error)
        return super().to_python(value)


def match_written_names(data, rows):
    """Return the form ``data`` with typed names replaced by actor ids, and whether all names matched.

    Args:
        data: The data of the form.
        rows: The prefixes of the formset rows, such as "credits-0".
    """
    all_matched = True
    for row in rows:
        text = data.get(f"{row}-actor{TEXT_SUFFIX}", "").strip()
        if not text or f"{row}-DELETE" in data:
            continue
        actor, _error = find_actor(text)
        if actor:
            data = data.copy()
            data[f"{row}-actor"] = str(actor.pk)
            del data[f"{row}-actor{TEXT_SUFFIX}"]
        else:
            all_matched = False
    return data, all_matched


def match_edited_names(data):
    """Return the ``data`` of a submitted conflict page with typed names replaced by actor ids.

    A name that does not match exactly one actor is replaced by an UnmatchedName.
    """
    for name in [name for name in data if name.startswith("edited_") and name.endswith(f"_actor{TEXT_SUFFIX}")]:
        if not (text := data[name].strip()):
            continue
        actor, _error = find_actor(text)
        box = name.removesuffix(TEXT_SUFFIX)
        unmatched = UnmatchedName(text)
        unmatched.chosen = data.get(box, "")
        data = data.copy()
        data[box] = str(actor.pk) if actor else unmatched
        # is_edited then returns True, even if this actor was already selected.
        data[box.replace("edited", "original", 1)] = ""
    return data


def add_unmatched_errors(rows):
    """Set ``error`` in each part of a conflict page's ``rows`` whose typed name does not match exactly one actor."""
    for part in (part for row in rows for part in row["parts"]):
        if isinstance(part["edit"], UnmatchedName):
            part["written"], part["edit"] = part["edit"], part["edit"].chosen
        if part.get("written"):
            _actor, part["error"] = find_actor(part["written"])


def find_actor(text: str) -> tuple[Actor | None, str]:
    """Return (actor, "") if exactly one actor has the id or name ``text``, otherwise (None, error message)."""
    number = text.removeprefix("#")
    if is_number(number):
        actor = Actor.objects.filter(pk=number).first()
        return actor, "" if actor else _("No actor has the ID %(id)s.") % {"id": number}
    if len(text) > MAX_SEARCH_LENGTH or "\x00" in text:
        return None, _("Enter a name or an ID.")
    positions = ranking.rank_actors(text).positions[:MAX_MATCHES]
    actors = Actor.objects.in_bulk([pk for _tier, _key, pk in positions])
    similar = [actors[pk] for _tier, _key, pk in positions if pk in actors]
    matches = [actor for actor in similar if fold(text) in _all_names(actor)]
    if len(matches) == 1:
        return matches[0], ""
    values = {"name": text, "actors": "; ".join(map(_describe, (matches or similar)[:MAX_NAMED_ACTORS]))}
    if matches:
        return None, _("Several actors are named “%(name)s”: %(actors)s. Enter the ID of one of them.") % values
    if similar:
        return None, _("No actor is named “%(name)s”. Similar names: %(actors)s. Enter a full name or an ID.") % values
    return None, _("No actor is named “%(name)s”.") % values


def _all_names(actor):
    last_name_first = f"{actor.last_name} {actor.first_name}"
    return {
        fold(name)
        for name in (str(actor), last_name_first, actor.native_name, *split_names(actor.also_known_as))
        if name
    }


def _describe(actor):
    years = f", {actor.birth_year or '?'}–{actor.death_year or ''}" if actor.birth_year or actor.death_year else ""
    return f"{actor} (#{actor.pk}{years})"
