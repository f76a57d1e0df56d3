"""Edit conflicts of films: the fields, and the cast credit by credit.

A credit that both sides have is merged field by field. A credit that only one
side has is kept or removed as a whole.
"""

from itertools import count

from django.utils.text import capfirst
from django.utils.translation import gettext

from actors.admin.conflicts.field_conflicts import (
    as_stored,
    chosen_side,
    clean_text_for,
    conflicting_fields,
    describe_row,
    resolve_fields,
    side_that_changed,
)
from actors.admin.params import is_number, number_in
from actors.history.films import TRACKED_FILM_FIELDS
from actors.history.merge_redirects import merged_into
from actors.models import Actor, Credit, Film, FilmChange
from actors.models.labels import concrete_field

CREDIT_PREFIX = "credits-"
# {form field of a credit: column in the history}.
PART_FIELDS = {"actor": "actor_id", "character": "character", "billing": "billing"}
# A credit has five form fields, and Django accepts 1,000 in a request. Rendering more rows takes seconds.
MAX_CAST_ROWS = 200
MAX_UNSEEN_CHANGES = 1_000
MAX_CONFLICT_INPUTS = 900


def unseen_changes(film_id, seen):
    """Return a film's history entries after ``seen``, newest first, or [] if more than MAX_UNSEEN_CHANGES."""
    entries = FilmChange.objects.filter(film_id=film_id, pk__gt=seen)[: MAX_UNSEEN_CHANGES + 1]
    return list(entries) if len(entries) <= MAX_UNSEEN_CHANGES else []


def cast_of(film_id):
    """Return {credit id: {field: text}} of a film, in cast order."""
    credits = Credit.objects.filter(film_id=film_id).values("id", *PART_FIELDS.values())
    return {credit["id"]: _line_values(credit) for credit in credits}


def film_state_at(film, cast, since):
    """Return (fields, cast) of a film before the history entries ``since``. Fields are None if it did not exist.

    Args:
        film: The stored fields.
        cast: The stored cast.
        since: The history entries to undo, newest first.
    """
    cast = dict(cast)
    for entry in since:
        if entry.credit_id is None:
            film = entry.before
        elif entry.before is None:
            cast.pop(entry.credit_id, None)
        else:
            cast[entry.credit_id] = _line_values(entry.before)
    return film, cast


def film_conflict(data, pk, now, seen):
    """Return the conflicts between a form and the stored film, for the conflict page.

    Args:
        data: The data of the form.
        pk: The film's id.
        now: The stored film, or None if it was deleted.
        seen: The id of the last history entry that the editor has seen, or None if unknown.

    Returns:
        The rows, (name, value) of each field that does not differ, the history
        entries after ``seen``, and whether the base is known.
    """
    since = unseen_changes(pk, seen) if seen is not None else []
    film, theirs = {name: getattr(now, name, "") for name in TRACKED_FILM_FIELDS}, cast_of(pk)
    base, cast = film_state_at(film, theirs, since) if since else (None, None)
    film, base = as_stored(Film, film, TRACKED_FILM_FIELDS), as_stored(Film, base, TRACKED_FILM_FIELDS)
    mine = {name: clean_text_for(Film, name, data.get(name, "")) for name in TRACKED_FILM_FIELDS}
    rows = []
    for row in conflicting_fields(base, film, mine, TRACKED_FILM_FIELDS):
        entries = (entry for entry in since if entry.credit_id is None and row["name"] in entry.fields.split())
        rows.append(describe_row(row, Film._meta.get_field(row["name"]), next(entries, None)))
    differ = {row["name"] for row in rows}
    same = [(name, mine[name]) for name in TRACKED_FILM_FIELDS if name not in differ]
    my_cast, added = cast_in(data, cast if base else None, theirs)
    names = _names_by_id(*(cast or {}).values(), *theirs.values(), *my_cast.values(), *added)
    for n, line in enumerate(differing_lines(cast if base else None, theirs, my_cast, added)):
        rows += cast_line_rows(n, line, base is not None, names, since)
    return rows, same, since, base is not None


def cast_in(data, base, stored):
    """Return the cast in a form: {credit id: {field: text}}, and a list of {field: text} of new credits.

    Args:
        data: The data of the form.
        base: The cast that the form started from. Credits that are not in the form stay unchanged.
        stored: The stored cast. A row whose id is in neither cast counts as a new credit.
    """
    cast, added = dict(base or {}), []
    for n in range(min(number_in(data, f"{CREDIT_PREFIX}TOTAL_FORMS") or 0, MAX_CAST_ROWS)):
        texts = {name: clean_text_for(Credit, name, data.get(f"{CREDIT_PREFIX}{n}-{name}", "")) for name in PART_FIELDS}
        pk = number_in(data, f"{CREDIT_PREFIX}{n}-id")
        if data.get(f"{CREDIT_PREFIX}{n}-DELETE"):
            cast.pop(pk, None)
        elif pk in cast or pk in stored:
            cast[pk] = texts
        elif any(texts.values()):
            added.append(texts)
    return cast, added


def differing_lines(base, theirs, mine, added):
    """Return (id or "", was, theirs, mine) of each credit in which ``theirs`` and ``mine`` differ.

    Each version is {field: text}, or None if it does not have the credit. If both
    sides added the same actor with the same character, that counts as one credit.
    """
    added = list(added)
    lines = []
    for pk in dict.fromkeys([*theirs, *mine]):
        was, their, my = (cast.get(pk) for cast in (base or {}, theirs, mine))
        if their and not was and not my:
            my = next((line for line in added if _credit_key(line) == _credit_key(their)), None)
            if my:
                added.remove(my)
        if their != my:
            lines.append((pk, was, their, my))
    return [*lines, *(("", None, None, line) for line in added)]


def cast_line_rows(n, line, base_known, names, since):
    """Return the rows of the conflict page for a credit.

    Args:
        n: The index of ``line`` in the result of differing_lines.
        line: A tuple that differing_lines returned.
        base_known: Whether the cast that the form started from is known.
        names: {id: name} of the actors that exist.
        since: The history entries after the base.
    """
    pk, was, theirs, mine = line
    entries = [entry for entry in since if pk and entry.credit_id == pk]
    label = names.get((mine or theirs)["actor"]) or _name((theirs or mine)["actor"], names) or gettext("cast")
    if theirs and mine:
        rows = conflicting_fields(was if base_known else None, theirs, mine, PART_FIELDS)
        by = {name: [entry for entry in entries if PART_FIELDS[name] in entry.fields.split()] for name in PART_FIELDS}
        return [_part_row(n, row, names, by[row["name"]], label) | {"line": n, "pk": pk} for row in rows]
    sides = list(zip(("was", "theirs", "mine"), (was, theirs, mine), strict=True))
    row = {
        "name": f"line{n}",
        "whole": n,
        "pk": pk,
        "label": label,
        "shown": {side: _line_text(texts, names) for side, texts in sides},
        "take": side_that_changed(was, theirs, mine) if base_known else "",
        "mine_is_there": bool(mine),
        "last": entries[0] if entries else None,
        "parts": [
            _part_row(
                n,
                {
                    "name": name,
                    "edit": (mine or theirs)[name],
                    **{side: (texts or {}).get(name, "") for side, texts in sides},
                },
                names,
            )
            for name in PART_FIELDS
        ],
    }
    return [_disallow_deleted_actor(row, mine and mine["actor"], names)]


def resolved_film(data, cast, side=""):
    """Return the data of a submitted conflict page, converted to data for the change form.

    Args:
        data: The QueryDict of the submitted conflict page.
        cast: The cast that was stored when the page was rendered.
        side: If given, use that side for every row: see resolve_fields.
    """
    data = resolve_fields(data, TRACKED_FILM_FIELDS, side)
    chosen = []
    for n in count():
        whole = f"whole{n}" in data
        if not whole and f"line{n}" not in data:
            break
        pk = number_in(data, f"whole{n}" if whole else f"line{n}")
        chosen.append((pk, (_resolve_whole_line if whole else _resolve_line_by_field)(data, n, cast.get(pk), side)))
    again = data["seen"] == data.get("base", "")
    lines, added = dict(cast), []
    for pk, texts in chosen:
        if pk in cast or (pk and again):
            lines[pk] = texts
        elif texts:
            added.append(texts)  # the other side deleted the credit: add it as a new one
    _fill_formset(data, lines, added)
    return data


def _resolve_whole_line(data, n, theirs, side):
    side = side or chosen_side(data, f"line{n}", [f"line{n}_{name}" for name in PART_FIELDS])
    if side == "theirs":
        return theirs
    if side == "mine" and f"mine_line{n}_actor" not in data:
        return None
    return {name: data.get(f"{side}_line{n}_{name}", "") for name in PART_FIELDS}


def _resolve_line_by_field(data, n, theirs, side):
    texts = dict(theirs or dict.fromkeys(PART_FIELDS, ""))
    for name in PART_FIELDS:
        part = f"line{n}_{name}"
        if f"mine_{part}" in data:  # otherwise the sides do not differ in this field
            texts[name] = data.get(f"{side or chosen_side(data, part, [part])}_{part}", "")
    return texts


def _fill_formset(data, lines, added):
    """Write the cast into ``data`` as rows of the formset: existing credits first, then new ones."""
    for name in [name for name in data if name.startswith(CREDIT_PREFIX)]:
        del data[name]
    rows = [*lines.items(), *(("", texts) for texts in added)]
    for n, (pk, texts) in enumerate(rows):
        data[f"{CREDIT_PREFIX}{n}-id"] = str(pk)
        if texts is None:
            data[f"{CREDIT_PREFIX}{n}-DELETE"] = "on"
        for name, text in (texts or {}).items():
            data[f"{CREDIT_PREFIX}{n}-{name}"] = text
    data[f"{CREDIT_PREFIX}INITIAL_FORMS"], data[f"{CREDIT_PREFIX}TOTAL_FORMS"] = str(len(lines)), str(len(rows))


def follow_merges_in_form(data):
    """Return the form ``data`` with each actor that was merged meanwhile replaced by the surviving actor."""
    fields = [name for name in data if name.startswith(CREDIT_PREFIX) and name.endswith("-actor")]
    chosen = {pk for name in fields if (pk := number_in(data, name))}
    missing = chosen - set(Actor.objects.filter(pk__in=chosen).values_list("pk", flat=True))
    now = {pk: survivor for pk in missing if (survivor := merged_into(pk))}
    if now:
        data = data.copy()
        for name in fields:
            if survivor := now.get(number_in(data, name)):
                data[name] = str(survivor.pk)
    return data


def _part_row(n, row, names, entries=(), actor_name=""):
    name = row["name"]
    field = concrete_field(Credit, name)
    row = describe_row({"take": "", **row}, field, entries[0] if entries else None)
    label = capfirst(field.verbose_name)
    if actor_name:
        label = gettext("%(actor)s: %(field)s") % {"actor": actor_name, "field": label}
    row |= {"name": f"line{n}_{name}", "label": label}
    if name == "actor":
        row["shown"] = {side: _name(row[side], names) for side in ("was", "theirs", "mine")}
        pks = dict.fromkeys((row["mine"], row["theirs"], row["was"]))
        row["actors"] = [("", "–"), *((pk, names[pk]) for pk in pks if pk in names)]
        row["edit"] = row["edit"] if row["edit"] in names else ""
        row["written"] = "" if is_number(row["mine"]) else row["mine"]
        row = _disallow_deleted_actor(row, row["mine"], names)
    row["parts"] = [row]
    return row


def count_inputs(row):
    """Return an upper bound on the number of form fields for ``row`` on the conflict page."""
    return 2 + sum(4 + ("actors" in part) for part in row["parts"])  # an actor has a text box and a select box


def offer_edited_actors(rows):
    """To each select box of actors, add as an option the actor that was chosen in it by autocompletion."""
    parts = [part for row in rows for part in row["parts"] if "actors" in part]
    names = _names_by_id(*({"actor": part["edit"]} for part in parts))
    for part in parts:
        if part["edit"] not in dict(part["actors"]):
            part["actors"] += [(pk, names[pk]) for pk in [part["edit"]] if pk in names]


def _disallow_deleted_actor(row, actor, names):
    """Disable the choice "mine" of ``row`` if ``actor`` was deleted, and return ``row``."""
    if actor and actor not in names:
        row |= {"no_mine": True, "take": row["take"].replace("mine", "")}
    return row


def _names_by_id(*parts):
    """Return {id as text: name} of the existing actors among the credits ``parts``."""
    actors = Actor.objects.in_bulk({int(texts["actor"]) for texts in parts if is_number(texts["actor"])})
    return {str(pk): str(actor) for pk, actor in actors.items()}


def _line_text(texts, names):
    if texts is None:
        return gettext("not in the cast")
    return " · ".join(filter(None, (_name(texts["actor"], names), texts["character"], texts["billing"])))


def _name(pk, names):
    """Return the name of the actor ``pk``, or the text itself if it is not an id."""
    return names.get(pk) or (gettext("#%(id)s (deleted)") % {"id": pk} if is_number(pk) else pk)


def _line_values(state):
    return as_stored(Credit, {name: state[column] for name, column in PART_FIELDS.items()}, PART_FIELDS)


def _credit_key(texts):
    return texts["actor"], texts["character"]
