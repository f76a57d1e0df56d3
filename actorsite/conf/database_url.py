"""Validation of database URLs: an error would otherwise show at the first request, or never."""

import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import unquote, urlsplit

import dj_database_url
from psycopg2 import ProgrammingError
from psycopg2.extensions import make_dsn

POSTGRESQL = ("postgres", "postgresql")
SQLITE = "sqlite"
# Django's own options; all others are libpq's.
DJANGO_OPTIONS = ("assume_role",)
# Options whose values libpq checks only when it connects.
# https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
NUMBER_OPTIONS = (
    "connect_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
)
CHOICE_OPTIONS = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "channel_binding": ("disable", "prefer", "require"),
    "gssencmode": ("disable", "prefer", "require"),
    "target_session_attrs": ("any", "read-write", "read-only", "primary", "standby", "prefer-standby"),
}
SQLITE_NUMBER_OPTIONS = ("timeout",)
SQLITE_OPTIONS = (*SQLITE_NUMBER_OPTIONS, "init_command")


def parse_database_url(text: str) -> str:
    """Check scheme, database name, port and options; return the URL with its scheme in lower case.

    Raises:
        ValueError: The URL is invalid.
    """
    parts = urlsplit(text)
    # Invalid UTF-8 would be read as something else; libpq ends a string at NUL.
    if re.search(r"[\s'\"]", text) or "\0" in unquote(text, errors="strict"):
        raise ValueError("characters")
    if parts.scheme == SQLITE:
        if parts.netloc or not parts.path.strip("/"):
            raise ValueError("path")
    elif parts.scheme not in POSTGRESQL:
        raise ValueError("scheme")
    elif not parts.path.strip("/") or parts.port == 0:  # .port raises ValueError when malformed
        raise ValueError("name")
    # An option without a value would be ignored silently.
    if any("=" not in option or option.endswith("=") for option in parts.query.split("&") if parts.query):
        raise ValueError("options")
    _check(parts.scheme, dj_database_url.parse(text).get("OPTIONS", {}))
    return parts.scheme + text[len(parts.scheme) :]


def _check(scheme: str, options: Mapping[str, Any]) -> None:
    """Check the options. Raises ValueError."""
    numbers = SQLITE_NUMBER_OPTIONS if scheme == SQLITE else NUMBER_OPTIONS
    if scheme == SQLITE:
        if options.keys() - set(SQLITE_OPTIONS):
            raise ValueError("option")
    else:
        try:
            make_dsn(**{name: value for name, value in options.items() if name not in DJANGO_OPTIONS})
        except ProgrammingError:
            raise ValueError("option") from None
    for name, value in options.items():
        if name in numbers and type(value) is not int:
            raise ValueError("number")
        if isinstance(value, list) or value not in CHOICE_OPTIONS.get(name, [value]):
            raise ValueError("choice")


def parse_host(text: str) -> str:
    """Return the name or address of a host without a port, or raise ValueError."""
    if ":" in text:
        return str(ip_address(text))
    if not re.fullmatch(r"[A-Za-z0-9._-]+", text):
        raise ValueError("host")
    return text
