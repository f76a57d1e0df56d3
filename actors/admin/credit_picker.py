"""Whom a part of a film is given to, where no script runs that finds actors by typing: a name or an id is written."""

from django import forms
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.utils.html import format_html
from django.utils.translation import gettext as _

from actors.admin.changelist import MAX_SEARCH_LENGTH
from actors.admin.conflicts.optimistic_locking import is_number
from actors.fields import split_names
from actors.models import Actor
from actors.search import ranking
from actors.text.normalize import fold

TEXT_SUFFIX = "_written"
MAX_MATCHES = 50
MAX_NAMED_ACTORS = 5


class UnmatchedName(str):
    """What was written of an actor who is not found by it; ``chosen`` is the id that the box beside it has."""

    chosen = ""


class ActorPicker(AutocompleteSelect):
    """The stock box, and one beside it to write in. Only a browser that runs no script has the second."""

    def value_from_datadict(self, data, files, name):
        chosen = super().value_from_datadict(data, files, name)
        if text := data.get(f"{name}{TEXT_SUFFIX}", "").strip():
            written = UnmatchedName(text)
            written.chosen = chosen or ""
            return written
        return chosen

    def render(self, name, value, attrs=None, renderer=None):
        text, value = (value, value.chosen) if isinstance(value, UnmatchedName) else ("", value)
        box = super().render(name, value, attrs, renderer)
        label = _("or write the whole name, or the id")
        return format_html(
            '{}<noscript><label class="written">{} <input type="text" name="{}{}" value="{}"></label></noscript>',
            box, label, name, TEXT_SUFFIX, text,
        )  # fmt: skip


class ActorPickerField(forms.ModelChoiceField):
    def to_python(self, value):
        if isinstance(value, UnmatchedName):
            _actor, mistake = find_actor(value)
            raise ValidationError(mistake)
        return super().to_python(value)


def match_written_names(data, rows):
    """Return the form ``data`` with the ids of the actors who are found by what was written, and whether all are.

    ``rows`` are the prefixes of the rows that the form has.
    """
    everyone = True
    for row in rows:
        text = data.get(f"{row}-actor{TEXT_SUFFIX}", "").strip()
        if not text or f"{row}-DELETE" in data:
            continue
        actor, _mistake = find_actor(text)
        if actor:
            data = data.copy()
            data[f"{row}-actor"] = str(actor.pk)
            del data[f"{row}-actor{TEXT_SUFFIX}"]
        else:
            everyone = False
    return data, everyone


def match_edited_names(data):
    """Return a conflict page's answer ``data``, in which who is found by what was written is in the box beside it.

    Who is not found is there as Written.
    """
    for name in [name for name in data if name.startswith("edited_") and name.endswith(f"_actor{TEXT_SUFFIX}")]:
        if not (text := data[name].strip()):
            continue
        actor, _mistake = find_actor(text)
        box = name.removesuffix(TEXT_SUFFIX)
        written = UnmatchedName(text)
        written.chosen = data.get(box, "")
        data = data.copy()
        data[box] = str(actor.pk) if actor else written
        data[box.replace("edited", "given", 1)] = ""  # whomever the box was given, somebody was written
    return data


def add_unmatched_errors(rows):
    """Give the ``rows`` of a conflict page what is wrong with what was written in them of actors."""
    for part in (part for row in rows for part in row["parts"]):
        if isinstance(part["edit"], UnmatchedName):
            part["written"], part["edit"] = part["edit"], part["edit"].chosen
        if part.get("written"):
            _actor, part["mistake"] = find_actor(part["written"])


def find_actor(text: str) -> tuple[Actor | None, str]:
    """Return the one actor who has the id or the name ``text``, and else what is wrong with it."""
    number = text.removeprefix("#")
    if is_number(number):
        actor = Actor.objects.filter(pk=number).first()
        return actor, "" if actor else _("There is no actor with the id %(id)s.") % {"id": number}
    if len(text) > MAX_SEARCH_LENGTH or "\x00" in text:
        return None, _("This is no name.")
    places = ranking.rank_actors(text).places[:MAX_MATCHES]
    near = Actor.objects.in_bulk([pk for _tier, _key, pk in places])
    near = [near[pk] for _tier, _key, pk in places if pk in near]
    named = [actor for actor in near if fold(text) in _all_names(actor)]
    if len(named) == 1:
        return named[0], ""
    values = {"name": text, "actors": "; ".join(map(_describe, (named or near)[:MAX_NAMED_ACTORS]))}
    if named:
        return None, _("Several actors are named “%(name)s”: %(actors)s. Write the id of one.") % values
    if near:
        return None, _("Nobody is named “%(name)s”. Alike are: %(actors)s. Write a whole name, or an id.") % values
    return None, _("Nobody is named “%(name)s”.") % values


def _all_names(actor):
    turned = f"{actor.last_name} {actor.first_name}"
    return {fold(name) for name in (str(actor), turned, actor.native_name, *split_names(actor.also_known_as)) if name}


def _describe(actor):
    years = f", {actor.birth_year or '?'}–{actor.death_year or ''}" if actor.birth_year or actor.death_year else ""
    return f"{actor} (#{actor.pk}{years})"
