"""Protection against formulas in files for spreadsheets (CSV injection)."""

from typing import Any

# A spreadsheet may run a cell that begins with one of these as a formula; https://owasp.org/www-community/attacks/CSV_Injection
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def guard_formula(value: Any) -> Any:
    """Return the ``value`` of a cell, with a ``'`` before text that a spreadsheet would run as a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value
