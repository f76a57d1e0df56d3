"""Rows from JSON and NDJSON files, parsed one object at a time."""

import codecs
import json
import re
from collections.abc import Iterator
from typing import IO, Any, NoReturn

from django.utils.translation import gettext as _

from actors.fields import SEPARATOR
from actors.imports.columns import field_for_heading
from actors.imports.errors import UnreadableFileError, printable
from actors.imports.parsers.encoding import detect_encoding
from actors.imports.parsers.source import NumberedRows, Source

JSON_CHUNK_CHARACTERS = 1 << 16
MAX_OBJECT_LENGTH = 4 << 20  # characters, the same limit as for a cell of CSV
_space = re.compile(r"[\s,]*")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


# Numbers are kept as text.
_decoder = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_no_constant)


def read_json(file: IO[bytes], given: str | None = None) -> Source:
    """Return the rows of ``file``.

    The file contains an array of objects, an object with such an array under "actors", or one object per line.

    Args:
        file: The file.
        given: The encoding chosen by the user; None to detect it.

    Raises:
        UnreadableFileError: The file has no rows, or its encoding or JSON is invalid.
    """
    encoding, _lines = detect_encoding(file, given)
    file.seek(0)
    text = codecs.getreader(encoding)(file)
    first = text.readline(MAX_OBJECT_LENGTH)
    try:
        one = _decoder.decode(first)
    except (ValueError, RecursionError):
        one = None
    file.seek(0)
    text = codecs.getreader(encoding)(file)
    if isinstance(one, dict) and not isinstance(one.get("actors"), list):
        kind, objects = "NDJSON", _parse_lines(text)
    else:
        kind, objects = "JSON", _parse_array(text)
    line, head = next(objects, (0, None))
    if head is None:
        raise UnreadableFileError(_("The file has no rows."))
    if not isinstance(head, dict):
        raise UnreadableFileError(_("Line %(line)d is not a JSON object.") % {"line": line})
    header = list(head)
    source = Source(kind, header, _object_rows(header, line, head, objects))
    source.encoding = encoding
    return source


def _object_rows(
    header: list[str], line: int, head: dict[str, Any], objects: Iterator[tuple[int, Any]]
) -> NumberedRows:
    yield line, _object_cells(header, head)
    for line, found in objects:
        yield line, _object_cells(header, found)


def _object_cells(header: list[str], found: Any) -> list[str] | str:
    """Return the cells of an object, or an error message."""
    if not isinstance(found, dict):
        return _("This is not a JSON object.")
    if found.keys() != set(header):
        names = sorted(found.keys() ^ set(header))
        return _("The object has different keys from the first one: %(names)s.") % {
            "names": ", ".join(map(printable, names[:20]))
        }
    cells = [_object_cell(name, value) for name, value in zip(header, map(found.get, header), strict=True)]
    for name, value in zip(header, cells, strict=True):
        if not isinstance(value, str):
            return _("%(name)s must be a string, a number or null.") % {"name": printable(name)}
    return cells


def _object_cell(name: str, value: Any) -> Any:
    if value is None:
        return ""
    if (
        isinstance(value, list)
        and all(isinstance(part, str) for part in value)
        and field_for_heading(name) == "also_known_as"
    ):
        return SEPARATOR.join(value)
    return value


def _parse_lines(text: codecs.StreamReader) -> Iterator[tuple[int, Any]]:
    """Yield (line, object); None for a line that is not JSON."""
    for number, line in enumerate(iter(lambda: text.readline(), ""), 1):
        if not line.strip():
            continue
        try:
            yield number, _decoder.decode(line)
        except (ValueError, RecursionError):
            yield number, None


def _parse_array(text: codecs.StreamReader) -> Iterator[tuple[int, Any]]:
    """Yield (line, object) for each object in the array, which is the document itself or under "actors"."""
    buffer = text.read(JSON_CHUNK_CHARACTERS)
    start = re.match(r"\s*\[", buffer) or re.search(r'"actors"\s*:\s*\[', buffer)
    if not start:
        raise UnreadableFileError(_("The JSON must be an array, or an object with the key “actors”."))
    line, at = 1 + buffer.count("\n", 0, start.end()), start.end()
    while True:
        # The pattern also matches an empty string, so there is always a match.
        space = _space.match(buffer, at)
        begin = space.end() if space else at
        if begin < len(buffer) and buffer[begin] == "]":
            return
        try:
            found, end = _decoder.raw_decode(buffer, begin)
        except (ValueError, RecursionError) as error:
            # The object may continue in text that is not read yet.
            more = text.read(JSON_CHUNK_CHARACTERS) if len(buffer) - begin < MAX_OBJECT_LENGTH else ""
            if not more:
                where = line + buffer.count("\n", at, begin)
                raise UnreadableFileError(_("Line %(line)d is not valid JSON.") % {"line": where}) from error
            line += buffer.count("\n", at, begin)
            buffer, at = buffer[begin:] + more, 0
            continue
        line += buffer.count("\n", at, begin)
        yield line, found
        line += buffer.count("\n", begin, end)
        at = end
