"""Parsing of numbers in request parameters and form data."""


def is_number(text):
    """Return whether ``text`` is a whole number of at most ten ASCII digits."""
    return text.isascii() and text.isdigit() and len(text) <= 10


def number_in(data, name):
    """Return the value of ``name`` in the QueryDict ``data`` as a number, or None if it is not one."""
    text = data.get(name, "")
    return int(text) if is_number(text) else None
