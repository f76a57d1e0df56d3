"""Reading and validating environment variables.

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


class InvalidEnvironment(Exception):
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
        "Signs sessions and tokens. The same for every process of one site.",
        "a text of at least 50 characters without spaces, and 5 different ones, "
        "such as `python3 -c 'import secrets; print(secrets.token_urlsafe(50))'` prints",
        secret_key,
        required=True,
        secret=True,
    ),
    Variable(
        "ALLOWED_HOSTS",
        "The host names that the site answers to, separated by commas.",
        "host names separated by commas, without scheme, port or spaces, such as `actors.example.org,.example.net`",
        comma_list(host_name),
        required=True,
    ),
    Variable(
        "DATABASE_URL",
        "The database. PostgreSQL is reached over TLS (`sslmode=require`) unless the URL says otherwise.",
        "`postgres://USER:PASSWORD@HOST:PORT/NAME`, where options of libpq may follow, such as `?sslmode=require`, "
        "or `sqlite:///PATH`, where `?timeout=SECONDS` may follow",
        database_url.parse_database_url,
        secret=True,
    ),
    Variable(
        "host",
        "The database's host, where `DATABASE_URL` is unset. One of four variables of the replaced page.",
        "a host name or address, without a port (it is 5432)",
        database_url.parse_host,
    ),
    Variable("PSQL_USERNAME", "The database's user, with `host`.", "a user name", matching(r".+")),
    Variable("PSQL_PASSWORD", "The database user's password, with `host`.", "a password", matching(r".+"), secret=True),
    Variable("PSQL_DBNAME", "The database's name, with `host`.", "a database's name", matching(r"[^\s'\"]+")),
    Variable(
        "DATABASE_CONN_MAX_AGE",
        "Seconds for which a connection to the database is kept; 0 opens one for each request.",
        "a whole number from 0 to 86400",
        integer(0, 86_400),
        "600",
    ),
    Variable(
        "DATABASE_STATEMENT_TIMEOUT",
        "Milliseconds after which a request's query is given up.",
        "a whole number from 100 to 25000",
        integer(100, 25_000),
        "2500",
    ),
    Variable(
        "CACHE_SECONDS",
        "Seconds for which a page may be shown although the data has changed; 0 asks the database at each request.",
        "a whole number from 0 to 60",
        integer(0, 60),
        "0",
    ),
    Variable(
        "DEBUG",
        "Development: error pages with tracebacks, no HTTPS. Never in production.",
        "`true` or `false`",
        boolean,
        "false",
    ),
    Variable("PORT", "The port that is served.", "a whole number from 1 to 65535", integer(1, 65_535), "5000"),
    Variable(
        "METRICS_PORT",
        "The port where Prometheus finds figures at `/metrics`; without it there are none.",
        "a whole number from 1 to 65535, and not `PORT`",
        integer(1, 65_535),
    ),
    Variable("WEB_CONCURRENCY", "Worker processes.", "a whole number from 1 to 64", integer(1, 64), "2"),
    Variable("WEB_THREADS", "Threads of each worker process.", "a whole number from 1 to 64", integer(1, 64), "4"),
    Variable(
        "TRUSTED_PROXIES",
        "Networks of the proxies whose X-Forwarded-For and X-Forwarded-Proto are believed.",
        "networks separated by commas, such as `10.0.0.0/8,fd00::/8`",
        comma_list(ip_network),
        "",
    ),
    Variable(
        "CSRF_TRUSTED_ORIGINS",
        "Other origins whose forms are accepted.",
        "origins separated by commas, such as `https://admin.example.org`",
        comma_list(origin),
        "",
    ),
    Variable(
        "SECURITY_CONTACT",
        "Who is told of a weakness of this site, in `/.well-known/security.txt`; without it there is no such file.",
        "`mailto:` and an address, or an address that begins with `https://`",
        contact,
    ),
    Variable(
        "ENVIRONMENT_LABEL",
        "What the admin calls this site on every page, such as `staging`, so that nobody edits the wrong one.",
        "1 to 30 characters",
        matching(r"[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]{0,28}[^\s\x00-\x1f\x7f])?"),
    ),
    Variable(
        "STAFF_SECOND_FACTOR",
        "`required`: who edits must have a second factor beside the password; `optional`: may.",
        "`required` or `optional`",
        choice("required", "optional"),
        "optional",
    ),
    Variable(
        "SESSION_HOURS",
        "Hours after which who signed in must sign in again.",
        "a whole number from 1 to 720",
        integer(1, 720),
        "12",
    ),
    Variable(
        "LOCKOUT_MINUTES",
        "Minutes for which an account is locked to the address that gave five wrong passwords for it.",
        "a whole number from 1 to 1440",
        integer(1, 1_440),
        "30",
    ),
    Variable(
        "LOG_LEVEL",
        "The least severe messages that are logged.",
        "`DEBUG`, `INFO`, `WARNING`, `ERROR` or `CRITICAL`",
        choice("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"),
        "INFO",
    ),
    Variable(
        "LOG_FORMAT",
        "`json`: one object a line; `text`: for people.",
        "`json` or `text`",
        choice("json", "text"),
        "json",
    ),
    Variable(
        "DYNO",
        "This server's name, as Heroku gives it; without it `HOSTNAME`, else the host's own name.",
        "a name",
        matching(r"[\w.-]+"),
    ),
    Variable("HOSTNAME", "This server's name, as Kubernetes gives it.", "a name", matching(r"[\w.-]+")),
    Variable(
        "DJANGO_SUPERUSER_USERNAME",
        "The first administrator, made by `manage.py ensure_superuser`.",
        "1 to 150 letters, digits and @ . + - _",
        matching(r"[\w.@+-]{1,150}"),
    ),
    Variable(
        "DJANGO_SUPERUSER_PASSWORD",
        "The first administrator's password.",
        "a password",
        matching(r".+"),
        secret=True,
    ),
    Variable(
        "DJANGO_SUPERUSER_EMAIL",
        "The first administrator's address.",
        "an e-mail address",
        matching(r"[^@\s]+@[^@\s]+"),
    ),
    Variable(
        "RELEASE_PATIENCE",
        "Seconds for which `manage.py release` waits for a database that is away, or whose tables others hold.",
        "a whole number from 0 to 3000",
        integer(0, 3_000),
        "120",
    ),
    Variable(
        "RELEASE_LOCK_TIMEOUT",
        "Milliseconds for which one try of a migration may make requests wait for a table.",
        "a whole number from 100 to 60000",
        integer(100, 60_000),
        "1000",
    ),
    Variable(
        "RELEASE_SEED",
        "`manage.py release` loads the actors that come with the site into an empty directory.",
        "`true` or `false`",
        boolean,
        "false",
    ),
)


def read_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """Read every variable of ``VARIABLES`` from ``environ``.

    Returns:
        {name: value}; None for a variable that is unset and has no default. ``DATABASE_URL`` is
        built from the replaced application's four variables if only those are set.

    Raises:
        InvalidEnvironment: Lists every error by the name of the variable and the values it allows.
            Values are not shown: they may be secrets. An empty value is an error too, unless it is
            the default.
    """
    values: dict[str, Any] = {}
    mistakes: list[str] = []
    for variable in VARIABLES:
        text = environ.get(variable.name, variable.default)
        if text is None and variable.required:
            mistakes.append(f"{variable.name} is required: {variable.allowed}.")
            continue
        if text is None or text == variable.default == "":
            values[variable.name] = variable.empty
            continue
        try:
            values[variable.name] = variable.read(text)
        except (ValueError, KeyError):
            mistakes.append(f"{variable.name} must be {variable.allowed}.")
    if values.get("METRICS_PORT") and values["METRICS_PORT"] == values.get("PORT"):
        mistakes.append(f"METRICS_PORT must be {_allowed('METRICS_PORT')}.")
    if "DATABASE_URL" not in environ:
        old = ("host", "PSQL_USERNAME", "PSQL_PASSWORD", "PSQL_DBNAME")
        missing = [name for name in old if name not in environ]
        if len(missing) == len(old):
            mistakes.append(f"DATABASE_URL is required: {_allowed('DATABASE_URL')}.")
        elif missing:
            mistakes.append(
                f"{', '.join(missing)} must be set too: without DATABASE_URL, "
                "host, PSQL_USERNAME, PSQL_PASSWORD and PSQL_DBNAME name the database together."
            )
        elif all(name in values for name in old):
            values["DATABASE_URL"] = _old_database_url(values)
    if mistakes:
        raise InvalidEnvironment("The environment does not allow a start.\n" + "\n".join(f"- {m}" for m in mistakes))
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
    # sslmode=prefer is libpq's default, which the replaced application used.
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
