"""Text in spreadsheets: formulas in cells, and characters that XML cannot hold."""

import re
from typing import Any

# A spreadsheet may run a cell that begins with one of these as a formula; https://owasp.org/www-community/attacks/CSV_Injection
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
# https://support.microsoft.com/office/excel-specifications-and-limits-1672b34d-7043-467e-8e27-269d656771c3
MAX_CELL_LENGTH = 32_767
_ESCAPE_SEQUENCE = re.compile("_x([0-9A-Fa-f]{4})_")
_UNSAFE_IN_XML = re.compile("_(?=x[0-9A-Fa-f]{4}_)|[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")


def guard_formula(value: Any) -> Any:
    """Return a cell's ``value``; text that a spreadsheet would run as a formula gets a ``'`` before it."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value


def escape_for_xlsx(text: str) -> str:
    """Return ``text`` with characters that XML cannot hold escaped as in workbooks (ECMA-376, ST_Xstring)."""
    return _UNSAFE_IN_XML.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


def unescape_from_xlsx(text: str) -> str:
    """Return ``text`` without the escapes of ``escape_for_xlsx``."""
    return _ESCAPE_SEQUENCE.sub(lambda found: chr(int(found[1], 16)), text)
