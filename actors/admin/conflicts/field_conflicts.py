"""Field-by-field comparison of the versions of an entry in an edit conflict.

Three versions are compared: the base that both editors started from, "theirs",
which is stored now, and "mine", which the form would save.
"""

from django.core.exceptions import ValidationError

from actors.fields import NamesField, PlainTextField, split_names
from actors.history.actors import TRACKED_FIELDS

# Rows of the text areas for fields that may contain line breaks: a one-line input would remove them.
TEXTAREA_ROWS = {NamesField: 3, PlainTextField: 6}
CONFLICT_SIDES = ("mine", "theirs", "edited")


def resolve_fields(data, names, side=""):
    """Return the data of a submitted conflict page, converted to data for the change form.

    If a choice is missing, or text was typed but "edited" was not chosen, the
    data is marked as outdated, so that the conflict page is shown again.

    Args:
        data: The QueryDict of the submitted conflict page.
        names: The names of the fields.
        side: If given, use that side for every field, and mark the data as outdated.
    """
    data = data.copy()
    data.pop("_resolve", None)
    if side:
        reopen_conflict(data)
    for name in names:
        data[name] = data.get(f"{side or chosen_side(data, name, [name])}_{name}", "")
    return data


def chosen_side(data, name, parts):
    """Return the side that was chosen in ``data`` for the row ``name``, whose inputs are ``parts``.

    If text was typed but "edited" was not chosen, return "edited"; if nothing
    was chosen, return "mine". In both cases, mark the data as outdated.
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
    """Set the version token in ``data`` back to an outdated one, so that the conflict page is shown again."""
    data["seen"] = data.get("base", "")


def is_edited(data, parts):
    """Return whether the user changed the text of any of the inputs ``parts``."""
    originals = {name: data.get(f"original_{name}", "") for name in parts}
    return any(_lines(data.get(f"edited_{name}", text)) != _lines(text) for name, text in originals.items())


def _lines(text):
    return text.replace("\r\n", "\n")


def keep_choices(rows, submitted):
    """Copy the choices and values in the data ``submitted`` to ``rows``, to show the conflict page again.

    If text was typed but "edited" was not chosen, choose "edited".
    """
    for row in rows:
        parts = [part["name"] for part in row["parts"]]
        side = submitted.get(f"take_{row['name']}")
        row["typed"] = side != "edited" and is_edited(submitted, parts)
        row["take"] = "edited" if row["typed"] else side if side in CONFLICT_SIDES else row["take"]
        for part in row["parts"]:
            part["edit"] = submitted.get(f"edited_{part['name']}", part["edit"])


def conflicting_fields(base, theirs, mine, names=TRACKED_FIELDS):
    """Return a row for each field in which ``theirs`` and ``mine`` differ.

    Args:
        base: The values that both editors started from, or None if unknown.
        theirs: The stored values.
        mine: The values that the form would save.
        names: The names of the fields.

    Returns:
        Dictionaries with ``name``; the values ``was``, ``theirs`` and ``mine`` as text;
        and ``take``, the side to preselect: the one that changed the field, or "" if
        both sides did or the base is unknown.
    """
    rows = []
    for name in names:
        was, their, my = (text_of((values or {}).get(name)) for values in (base, theirs, mine))
        if their != my:
            take = "" if base is None else side_that_changed(was, their, my)
            rows.append({"name": name, "was": was, "theirs": their, "mine": my, "take": take})
    return rows


def side_that_changed(was, theirs, mine):
    """Return the side, "mine" or "theirs", that alone differs from ``was``, or "" if both differ."""
    return "mine" if theirs == was else "theirs" if mine == was else ""


def text_of(value):
    """Return ``value`` as text; "" for None."""
    return "" if value is None else str(value)


def clean_text_for(model, name, text):
    """Return ``text`` as the field ``name`` of ``model`` would store it. Invalid text is only stripped."""
    try:
        return text_of(model._meta.get_field(name).to_python(text))
    except ValidationError:
        return text.strip()


def as_stored(model, state, names):
    """Return {name: text} that saving an unchanged form of ``state`` would store, or None if ``state`` is None."""
    return None if state is None else {name: clean_text_for(model, name, text_of(state.get(name))) for name in names}


def describe_row(row, field, last):
    """Return a row of conflicting_fields, completed with the values that the template needs.

    Args:
        row: The row. ``edit`` is the initial text of its input; the default is ``mine``.
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
