"""Detection of the encoding of a text file: UTF-8, UTF-16, or GB18030, which includes GBK."""

import codecs
import re
from contextlib import suppress
from typing import IO

from django.utils.translation import gettext as _

from actors.imports.errors import UnreadableFileError, printable

DECODE_CHUNK_BYTES = 1 << 20
# UTF-32 first: its little-endian mark begins with that of UTF-16.
BYTE_ORDER_MARKS = [
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
]
# In GB18030, a character beyond ASCII has two or four bytes.
_characters = re.compile(rb"[\x81-\xfe](?:[\x40-\xfe]|[0-9][\x81-\xfe][0-9])")


def detect_encoding(file: IO[bytes], given: str | None = None) -> tuple[str, int]:
    """Return the name of the codec of ``file``, and the number of its lines after the first.

    A byte order mark determines the encoding. Without one, the encoding is UTF-16 if many
    bytes are zero, otherwise UTF-8 if the file is valid UTF-8, otherwise GB18030 if the
    bytes look like Chinese.

    Args:
        file: The file.
        given: The encoding chosen by the user; None to detect it.

    Raises:
        UnreadableFileError: The encoding is unknown, or a line cannot be decoded.
    """
    if given:
        try:
            codecs.lookup(given)
            "".encode(given)
        except (LookupError, ValueError) as error:
            raise UnreadableFileError(_("Unknown encoding: “%(name)s”.") % {"name": printable(given)}) from error
        return given, _decode_all(file, given)
    file.seek(0)
    start = file.read(DECODE_CHUNK_BYTES)
    for mark, name in BYTE_ORDER_MARKS:
        if start.startswith(mark):
            return name, _decode_all(file, name)
    # Latin text in UTF-16 has a zero in every other byte.
    if start.count(b"\0") > len(start) // 5:
        zeros = [start[side::2].count(b"\0") for side in (0, 1)]
        name = "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"
        return name, _decode_all(file, name)
    try:
        return "utf-8", _decode_all(file, "utf-8")
    except UnreadableFileError as error:
        if _looks_chinese(start):
            with suppress(UnreadableFileError):
                return "gb18030", _decode_all(file, "gb18030")
        raise error


def _decode_all(file: IO[bytes], name: str) -> int:
    """Decode the whole file; return the number of its lines after the first. Raises UnreadableFileError."""
    decoder, lines, end = codecs.getincrementaldecoder(name)(), 0, False
    file.seek(0)
    while not end:
        chunk = file.read(DECODE_CHUNK_BYTES)
        end = not chunk
        try:
            lines += decoder.decode(chunk, final=end).count("\n")
        except UnicodeError as error:
            read = getattr(error, "object", b"")[: getattr(error, "start", 0)]
            before = read.decode(name, "ignore").count("\n")
            raise UnreadableFileError(
                _("Line %(line)d cannot be decoded as %(name)s. Save the file as UTF-8, or choose its encoding.")
                % {"line": lines + before + 1, "name": name.upper()}
            ) from error
    return lines


def _looks_chinese(data: bytes) -> bool:
    """Return whether, read as GB18030, 3/4 of the characters beyond ASCII have a second byte beyond ASCII.

    In Chinese text they do. In Western European text, a letter beyond ASCII is usually followed by an ASCII letter.
    """
    found = _characters.findall(data)
    return sum(1 for character in found if character[1] >= 0x80) >= 0.75 * len(found)
