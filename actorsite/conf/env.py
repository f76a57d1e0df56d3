"""Read and validate environment variables.

``VARIABLES`` lists every variable that the site reads. ``read_environment`` checks an
environment and reports all errors in one message, so that an operator can correct them
all in one go.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any, TypeVar
from urllib.parse import quote

import dj_database_url

from actorsite.conf import database_url


class InvalidEnvironmentError(Exception):
    """The environment is invalid; the message lists every error."""


Value = TypeVar("Value")


@dataclass(frozen=True)
class Variable:
    """One environment variable.

    Attributes:
        read: Converts the text into a value; raises ValueError or KeyError.
        allowed: Completes the sentence "NAME must be …". It never quotes the value, which may be a secret.
        default: The default as text, as in the environment; None if there is none.
    """

    name: str
    meaning: str
    allowed: str
    read: Callable[[str], Any]
    default: str | None = None
    required: bool = False
    secret: bool = False

    @property
    def empty(self) -> list[str] | None:
        """The value of an unset variable: an empty list for a variable that is a list, otherwise None."""
        return [] if self.default == "" else None


def boolean(text: str) -> bool:
    """Return True for "true", False for "false". Raises KeyError."""
    return {"true": True, "false": False}[text]


def integer(low: int, high: int) -> Callable[[str], int]:
    """Return a reader of whole numbers from ``low`` to ``high``."""

    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not low <= int(text) <= high:
            raise ValueError(text)
        return int(text)

    return read


def choice(*values: str) -> Callable[[str], str]:
    """Return a reader of one of ``values``."""

    def read(text: str) -> str:
        if text not in values:
            raise ValueError(text)
        return text

    return read


def matching(pattern: str) -> Callable[[str], str]:
    """Return a reader of text that matches ``pattern``."""

    def read(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(text)
        return text

    return read


def comma_list(read_item: Callable[[str], Value]) -> Callable[[str], list[Value]]:
    """Return a reader of values separated by commas, each read by ``read_item``."""

    def read(text: str) -> list[Value]:
        return [read_item(item) for item in text.split(",")]

    return read


host_name = matching(r"\*|\.?[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9-]+)*|\[[0-9A-Fa-f:.]+\]")
origin = matching(r"https?://(\*\.)?[A-Za-z0-9.-]+(:[0-9]{1,5})?")
contact = matching(r"mailto:[^@\s<>]+@[A-Za-z0-9.-]+|https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[!-~]*)?")


def secret_key(text: str) -> str:
    """Return a key that `check --deploy` accepts, or raise ValueError.

    https://docs.djangoproject.com/en/5.2/ref/checks/#security (W009)
    """
    if not re.fullmatch(r"\S{50,}", text) or len(set(text)) < 5 or text.startswith("django-insecure-"):
        raise ValueError("key")
    return text


VARIABLES = (
    Variable(
        "SECRET_KEY",
        "Signs sessions and tokens. Use the same key for every process of one site.",
        "at least 50 characters without spaces, at least 5 of them different. To create a key, run "
        "`python3 -c 'import secrets; print(secrets.token_urlsafe(50))'`",
        secret_key,
        required=True,
        secret=True,
    ),
    Variable(
        "ALLOWED_HOSTS",
        "Host names that the site serves.",
        "host names separated by commas, without scheme, port or spaces, such as `actors.example.org,.example.net`",
        comma_list(host_name),
        required=True,
    ),
    Variable(
        "DATABASE_URL",
        "The database. PostgreSQL connections use TLS (`sslmode=require`) unless the URL sets another `sslmode`.",
        "`postgres://USER:PASSWORD@HOST:PORT/NAME`, optionally with libpq options such as `?sslmode=require`, "
        "or `sqlite:///PATH`, optionally with `?timeout=SECONDS`",
        database_url.parse_database_url,
        secret=True,
    ),
    Variable(
        "host",
        "Database host, used if `DATABASE_URL` is not set. One of four variables of the replaced page.",
        "a host name or IP address without a port (the port is always 5432)",
        database_url.parse_host,
    ),
    Variable("PSQL_USERNAME", "Database user, used with `host`.", "a user name", matching(r".+")),
    Variable(
        "PSQL_PASSWORD", "Password of the database user, used with `host`.", "a password", matching(r".+"), secret=True
    ),
    Variable(
        "PSQL_DBNAME",
        "Database name, used with `host`.",
        "a database name without spaces or quotation marks",
        matching(r"[^\s'\"]+"),
    ),
    Variable(
        "DATABASE_CONN_MAX_AGE",
        "Maximum age, in seconds, of a database connection. 0 opens a new connection for each request.",
        "a whole number from 0 to 86400",
        integer(0, 86_400),
        "600",
    ),
    Variable(
        "DATABASE_STATEMENT_TIMEOUT",
        "Time limit, in milliseconds, for a database query of a request.",
        "a whole number from 100 to 25000",
        integer(100, 25_000),
        "2500",
    ),
    Variable(
        "CACHE_SECONDS",
        "Maximum age, in seconds, of a cached page served without checking for changes. 0 checks on every request.",
        "a whole number from 0 to 60",
        integer(0, 60),
        "0",
    ),
    Variable(
        "DEBUG",
        "Development mode: error pages with tracebacks, no HTTPS. Never use it in production.",
        "`true` or `false`",
        boolean,
        "false",
    ),
    Variable("PORT", "Port that the site listens on.", "a whole number from 1 to 65535", integer(1, 65_535), "5000"),
    Variable(
        "METRICS_PORT",
        "Port for Prometheus metrics at `/metrics`. If not set, metrics are off.",
        "a whole number from 1 to 65535, different from `PORT`",
        integer(1, 65_535),
    ),
    Variable("WEB_CONCURRENCY", "Number of worker processes.", "a whole number from 1 to 64", integer(1, 64), "2"),
    Variable(
        "WEB_THREADS", "Number of threads in each worker process.", "a whole number from 1 to 64", integer(1, 64), "4"
    ),
    Variable(
        "TRUSTED_PROXIES",
        "Networks of trusted proxies. Only their X-Forwarded-For and X-Forwarded-Proto headers are used.",
        "networks separated by commas, such as `10.0.0.0/8,fd00::/8`",
        comma_list(ip_network),
        "",
    ),
    Variable(
        "CSRF_TRUSTED_ORIGINS",
        "Additional origins from which forms are accepted.",
        "origins separated by commas, such as `https://admin.example.org`",
        comma_list(origin),
        "",
    ),
    Variable(
        "SECURITY_CONTACT",
        "Contact for security reports, published in `/.well-known/security.txt`. If not set, that file is not served.",
        "`mailto:` and an email address, or a URL that begins with `https://`",
        contact,
    ),
    Variable(
        "ENVIRONMENT_LABEL",
        "Label on every page of the admin, such as `staging`, so that editors can tell sites apart.",
        "1 to 30 characters",
        matching(r"[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]{0,28}[^\s\x00-\x1f\x7f])?"),
    ),
    Variable(
        "STAFF_SECOND_FACTOR",
        "Whether editors must set up a second factor (`required`) or can choose to (`optional`).",
        "`required` or `optional`",
        choice("required", "optional"),
        "optional",
    ),
    Variable(
        "SESSION_HOURS",
        "Hours after which users must sign in again.",
        "a whole number from 1 to 720",
        integer(1, 720),
        "12",
    ),
    Variable(
        "LOCKOUT_MINUTES",
        "Minutes for which an account is blocked for an IP address after five wrong passwords from it.",
        "a whole number from 1 to 1440",
        integer(1, 1_440),
        "30",
    ),
    Variable(
        "LOG_LEVEL",
        "Lowest severity of messages that are logged.",
        "`DEBUG`, `INFO`, `WARNING`, `ERROR` or `CRITICAL`",
        choice("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"),
        "INFO",
    ),
    Variable(
        "LOG_FORMAT",
        "Log format: `json` writes one JSON object per line, `text` is for reading in a terminal.",
        "`json` or `text`",
        choice("json", "text"),
        "json",
    ),
    Variable(
        "DYNO",
        "Name of this server, set by Heroku. If not set, `HOSTNAME` is used, then the system's host name.",
        "letters, digits, and _ . -",
        matching(r"[\w.-]+"),
    ),
    Variable("HOSTNAME", "Name of this server, set by Kubernetes.", "letters, digits, and _ . -", matching(r"[\w.-]+")),
    Variable(
        "DJANGO_SUPERUSER_USERNAME",
        "User name of the first administrator, created by `manage.py ensure_superuser`.",
        "1 to 150 letters, digits, and @ . + - _",
        matching(r"[\w.@+-]{1,150}"),
    ),
    Variable(
        "DJANGO_SUPERUSER_PASSWORD",
        "Password of the first administrator.",
        "a password",
        matching(r".+"),
        secret=True,
    ),
    Variable(
        "DJANGO_SUPERUSER_EMAIL",
        "Email address of the first administrator.",
        "an email address",
        matching(r"[^@\s]+@[^@\s]+"),
    ),
    Variable(
        "RELEASE_PATIENCE",
        "Seconds that `manage.py release` waits for an unavailable database or for locked tables.",
        "a whole number from 0 to 3000",
        integer(0, 3_000),
        "120",
    ),
    Variable(
        "RELEASE_LOCK_TIMEOUT",
        "Milliseconds that each attempt of a migration waits for a table lock. Requests wait behind it.",
        "a whole number from 100 to 60000",
        integer(100, 60_000),
        "1000",
    ),
    Variable(
        "RELEASE_SEED",
        "Whether `manage.py release` loads the included actors into an empty directory.",
        "`true` or `false`",
        boolean,
        "false",
    ),
)


def read_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """Read every variable of ``VARIABLES`` from ``environ``.

    Returns:
        {name: value}; None for a variable that is unset and has no default. ``DATABASE_URL`` is
        built from the replaced page's four variables if only those are set.

    Raises:
        InvalidEnvironmentError: Lists every error by the name of the variable and the values it allows.
            Values are not shown: they may be secrets. An empty value is an error too, unless it is
            the default.
    """
    values: dict[str, Any] = {}
    errors: list[str] = []
    for variable in VARIABLES:
        text = environ.get(variable.name, variable.default)
        if text is None and variable.required:
            errors.append(f"{variable.name} is required: {variable.allowed}.")
            continue
        if text is None or text == variable.default == "":
            values[variable.name] = variable.empty
            continue
        try:
            values[variable.name] = variable.read(text)
        except (ValueError, KeyError):
            errors.append(f"{variable.name} must be {variable.allowed}.")
    if values.get("METRICS_PORT") and values["METRICS_PORT"] == values.get("PORT"):
        errors.append(f"METRICS_PORT must be {_allowed('METRICS_PORT')}.")
    if "DATABASE_URL" not in environ:
        old = ("host", "PSQL_USERNAME", "PSQL_PASSWORD", "PSQL_DBNAME")
        missing = [name for name in old if name not in environ]
        if len(missing) == len(old):
            errors.append(f"DATABASE_URL is required: {_allowed('DATABASE_URL')}.")
        elif missing:
            errors.append(
                f"{', '.join(missing)} must be set too. Without DATABASE_URL, "
                "host, PSQL_USERNAME, PSQL_PASSWORD and PSQL_DBNAME are all required."
            )
        elif all(name in values for name in old):
            values["DATABASE_URL"] = _old_database_url(values)
    if errors:
        raise InvalidEnvironmentError("Invalid configuration:\n" + "\n".join(f"- {m}" for m in errors))
    return values


def settings_table(environ: Mapping[str, str]) -> str:
    """Return the meaning, allowed values and default of each variable, and whether it is set; no values."""
    lines = []
    for variable in VARIABLES:
        default = (
            "required" if variable.required else f"default {variable.default}" if variable.default else "no default"
        )
        lines += [
            f"{variable.name} ({default}; {'set' if variable.name in environ else 'not set'})",
            f"    {variable.meaning}",
            f"    Allowed: {variable.allowed}.",
        ]
    return "\n".join(lines)


def _allowed(name: str) -> str:
    return next(variable.allowed for variable in VARIABLES if variable.name == name)


def _old_database_url(values: Mapping[str, str]) -> str:
    # sslmode=prefer is libpq's default, which the replaced page used.
    user, password, name = (quote(values[key], safe="") for key in ("PSQL_USERNAME", "PSQL_PASSWORD", "PSQL_DBNAME"))
    host = values["host"]
    host = f"[{host}]" if ":" in host else host
    return f"postgres://{user}:{password}@{host}:5432/{name}?sslmode=prefer"


def database_settings(url: str, conn_max_age: int) -> dict[str, Any]:
    """Return Django's ``DATABASES`` entry for a valid ``DATABASE_URL``.

    Without sslmode in the URL, it is ``require``: Heroku's URLs have none, and its
    servers require TLS.
    """
    entry: dict[str, Any] = {**dj_database_url.parse(url, conn_max_age=conn_max_age, conn_health_checks=True)}
    if url.startswith("sqlite"):
        # A transaction that reads before it writes must not fail because another one has written in between.
        entry.setdefault("OPTIONS", {})["transaction_mode"] = "IMMEDIATE"
    else:
        entry["ENGINE"] = "actorsite.db.postgresql"
        options = entry.setdefault("OPTIONS", {})
        options.setdefault("sslmode", "require")
        # libpq rounds a smaller time-out up to 2 s.
        options.setdefault("connect_timeout", 2)
    return entry
