"""The check of a database's URL: a mistake in it would otherwise show at the first page, or never."""

import re
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

import dj_database_url
from psycopg2 import ProgrammingError
from psycopg2.extensions import make_dsn

POSTGRESQL = ("postgres", "postgresql")
SQLITE = "sqlite"
# Those of Django's own, beside libpq's.
DJANGO_OPTIONS = ("assume_role",)
# Whose values libpq looks at only when it connects.
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
    """Return the URL, its scheme in small letters, or raise ValueError.

    Checked are scheme, database name, port, and the names and values of options.
    """
    parts = urlsplit(text)
    # What is not UTF-8 would be read as something else; a NUL ends a text for libpq.
    if re.search(r"[\s'\"]", text) or "\0" in unquote(text, errors="strict"):
        raise ValueError("characters")
    if parts.scheme == SQLITE:
        if parts.netloc or not parts.path.strip("/"):
            raise ValueError("path")
    elif parts.scheme not in POSTGRESQL:
        raise ValueError("scheme")
    elif not parts.path.strip("/") or parts.port == 0:  # .port raises ValueError when malformed
        raise ValueError("name")
    # Without a value an option would be left out in silence.
    if any("=" not in option or option.endswith("=") for option in parts.query.split("&") if parts.query):
        raise ValueError("options")
    _check(parts.scheme, dj_database_url.parse(text).get("OPTIONS", {}))
    return parts.scheme + text[len(parts.scheme) :]


def _check(scheme, options):
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
