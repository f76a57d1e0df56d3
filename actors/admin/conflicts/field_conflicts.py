"""Compares the versions of a record in an edit conflict, field by field.

Three versions are compared: the base that both editors started from, "theirs",
which is stored now, and "mine", which the form would save.
"""

from django.core.exceptions import ValidationError

from actors.fields import NamesField, PlainTextField, split_names
from actors.history.actors import TRACKED_FIELDS

# Visible lines of fields whose text can have several: a one-line box would join them.
TEXTAREA_ROWS = {NamesField: 3, PlainTextField: 6}
CONFLICT_SIDES = ("mine", "theirs", "edited")


def resolve_fields(data, names, side=""):
    """Return the data of a conflict page as the data of the change form.

    If a choice is missing, or text was typed under another choice, the data is
    marked as outdated, so that the page is shown again.

    Args:
        data: The QueryDict that the conflict page sends.
        names: The names of the fields.
        side: If given, that side is used for every field, and the data is marked as outdated.
    """
    data = data.copy()
    data.pop("_resolve", None)
    if side:
        reopen_conflict(data)
    for name in names:
        data[name] = data.get(f"{side or chosen_side(data, name, [name])}_{name}", "")
    return data


def chosen_side(data, name, parts):
    """Return the side that ``data`` chooses for the row ``name``, whose text boxes are ``parts``.

    Without a choice that is "mine", or "edited" if another choice would lose
    typed text. In both cases the data is marked as outdated.
    """
    side = data.get(f"take_{name}")
    if side != "edited" and is_edited(data, parts):
        side = "edited"
    elif side in CONFLICT_SIDES:
        return side
    else:
        side = "mine"
    reopen_conflict(data)
    return side


def reopen_conflict(data):
    """Mark ``data`` as outdated, so that the conflict page is shown again."""
    data["seen"] = data.get("base", "")


def is_edited(data, parts):
    """Return whether the text of one of ``parts`` differs from the text that the page had in its box."""
    originals = {name: data.get(f"original_{name}", "") for name in parts}
    return any(_lines(data.get(f"edited_{name}", text)) != _lines(text) for name, text in originals.items())


def _lines(text):
    return text.replace("\r\n", "\n")


def keep_choices(rows, answer):
    """Set in ``rows`` what was chosen and typed in ``answer``, for a conflict page that is shown again.

    Where text was typed but another side chosen, "edited" is chosen now.
    """
    for row in rows:
        parts = [part["name"] for part in row["parts"]]
        side = answer.get(f"take_{row['name']}")
        row["typed"] = side != "edited" and is_edited(answer, parts)
        row["take"] = "edited" if row["typed"] else side if side in CONFLICT_SIDES else row["take"]
        for part in row["parts"]:
            part["edit"] = answer.get(f"edited_{part['name']}", part["edit"])


def conflicting_fields(base, theirs, mine, names=TRACKED_FIELDS):
    """Return a row for each field in which ``theirs`` and ``mine`` differ.

    Args:
        base: The values that both started from, or None if unknown.
        theirs: The values that are stored now.
        mine: The values that the form would save.
        names: The names of the fields.

    Returns:
        Dictionaries in which ``take`` is the side that alone changed the
        field, so that it can be merged automatically, or "" if both did.
    """
    rows = []
    for name in names:
        was, their, my = (text_of((values or {}).get(name)) for values in (base, theirs, mine))
        if their != my:
            take = "" if base is None else side_that_changed(was, their, my)
            rows.append({"name": name, "was": was, "theirs": their, "mine": my, "take": take})
    return rows


def side_that_changed(was, theirs, mine):
    """Return "mine" or "theirs", whichever alone differs from ``was``, or "" if both do."""
    return "mine" if theirs == was else "theirs" if mine == was else ""


def text_of(value):
    return "" if value is None else str(value)


def clean_text_for(model, name, text):
    """Return ``text`` as the field would store it, or stripped if the field refuses it."""
    try:
        return text_of(model._meta.get_field(name).to_python(text))
    except ValidationError:
        return text.strip()


def as_stored(model, state, names):
    """Return ``state`` as an untouched form would store it, or None if it is None."""
    return None if state is None else {name: clean_text_for(model, name, text_of(state.get(name))) for name in names}


def describe_row(row, field, last):
    """Return a ``row`` of conflicting_fields with everything that the page shows of it.

    Args:
        row: The row. Its ``edit`` is the text to edit; by default that is mine.
        field: The model field.
        last: The history entry of the other editor's change, or None.
    """
    choices = [("", "–"), *field.get_choices(include_blank=False)] if field.choices else None
    names = dict(choices or ())
    edit = row.get("edit", row["mine"])
    if isinstance(field, NamesField):
        edit = "\n".join(split_names(edit))
    part = {
        **row,
        "label": field.verbose_name,
        "edit": edit if choices is None or edit in names else "",
        "lines": next((lines for kind, lines in TEXTAREA_ROWS.items() if isinstance(field, kind)), 1),
        "choices": choices,
        "shown": {side: names.get(row[side], row[side]) for side in ("was", "theirs", "mine")},
        "last": last,
    }
    return {**part, "parts": [part]}
