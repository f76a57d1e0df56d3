"""Text in the cells of a workbook (XLSX): escapes for characters that XML cannot contain, and the maximum length."""

import re

# https://support.microsoft.com/office/excel-specifications-and-limits-1672b34d-7043-467e-8e27-269d656771c3
MAX_CELL_LENGTH = 32_767
_ESCAPE_SEQUENCE = re.compile("_x([0-9A-Fa-f]{4})_")
_UNSAFE_IN_XML = re.compile("_(?=x[0-9A-Fa-f]{4}_)|[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")


def escape_for_xlsx(text: str) -> str:
    """Return ``text`` with the characters that XML cannot contain escaped as in workbooks (ECMA-376, ST_Xstring)."""
    return _UNSAFE_IN_XML.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


def unescape_from_xlsx(text: str) -> str:
    """Return ``text`` without the escapes of ``escape_for_xlsx``."""
    return _ESCAPE_SEQUENCE.sub(lambda found: chr(int(found[1], 16)), text)
