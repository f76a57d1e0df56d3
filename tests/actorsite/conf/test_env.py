"""Environment variables are validated, and one message lists all errors."""

import subprocess
import sys

import pytest

from actorsite.conf import env
from tests.server import ROOT, environment, manage

pytestmark = pytest.mark.once

GOOD = {
    "SECRET_KEY": "abcde" * 10,
    "ALLOWED_HOSTS": "actors.example.org",
    "DATABASE_URL": "postgres://ada:lovelace@db.example.org:5432/actors",
}
BAD_OPTIONS = [
    *("foo=bar", "sslmode=nonsense", "sslmode=", "sslmode", "sslmode=require&sslmode=disable", "pgbouncer=true"),
    *("connect_timeout=abc", "connect_timeout=1.5", "keepalives=true", "target_session_attrs=master"),
]
# For each variable, invalid values that an operator might set. For free text, only the empty value is invalid.
BAD = {
    "SECRET_KEY": ["short", "with spaces " * 10, "a" * 60, "abcd" * 15, "django-insecure-" + "abcde" * 10],
    "ALLOWED_HOSTS": [
        "https://a.example.org",
        "a.example.org, b.example.org",
        '"a.example.org"',
        "a.example.org:80",
        ",",
    ],
    "DATABASE_URL": [
        "mysql://u:hush@h/n",
        "postgres://u:hush@h",
        "postgres://u:hush@h:port/n",
        '"postgres://u:hush@h/n"',
        " postgres://u:hush@h/n",
        "sqlite://",
        "nonsense",
        *(f"postgres://u:hush@h/n?{options}" for options in BAD_OPTIONS),
        *("postgres://u:hush%00@h/n", "postgres://u:hush%ff@h/n"),
        *("sqlite:///x?timeout=hush", "sqlite:///x?foo=hush", "sqlite:///x?timeout=-1"),
    ],
    "host": ["db example", "'db'", "h:5433", "::g"],
    "PSQL_USERNAME": [],
    "PSQL_PASSWORD": [],
    "PSQL_DBNAME": ["two words", "'actors'"],
    "DATABASE_CONN_MAX_AGE": ["-1", "1.5", "ten", " 10", "86401"],
    "DATABASE_STATEMENT_TIMEOUT": ["0", "25001", "2s"],
    "CACHE_SECONDS": ["-1", "61", "0.5"],
    "DEBUG": ["True", "1", "yes", " true", '"true"'],
    "PORT": ["0", "65536", "http", " 5000", "'5000'", "tcp://10.0.0.1:80", "٥٠٠٠"],
    "METRICS_PORT": ["0", "metrics"],
    "WEB_CONCURRENCY": ["0", "65", "two", "2 ", '"2"'],
    "WEB_THREADS": ["0", "65", "many"],
    "TRUSTED_PROXIES": ["10.0.0.1/8", "proxy.example.org", "10.0.0.0/8, fd00::/8", "*"],
    "CSRF_TRUSTED_ORIGINS": ["a.example.org", "https://a.example.org/", "https://a, https://b"],
    "SECURITY_CONTACT": [
        "security@example.org",
        "http://example.org/",
        "mailto: ada@example.org",
        "javascript:alert(1)",
    ],
    "ENVIRONMENT_LABEL": [" staging", "x" * 31, "a\nb"],
    "STAFF_SECOND_FACTOR": ["true", "Required"],
    "SESSION_HOURS": ["0", "721", "1.5"],
    "LOCKOUT_MINUTES": ["0", "1441", "half an hour"],
    "LOG_LEVEL": ["info", "VERBOSE"],
    "LOG_FORMAT": ["JSON", "xml"],
    "DYNO": ["web 1"],
    "HOSTNAME": ["a b"],
    "DJANGO_SUPERUSER_USERNAME": ["ada lovelace", "a" * 151],
    "DJANGO_SUPERUSER_PASSWORD": [],
    "DJANGO_SUPERUSER_EMAIL": ["ada", "ada @example.org"],
    "RELEASE_PATIENCE": ["-1", "3001", "2m"],
    "RELEASE_LOCK_TIMEOUT": ["99", "60001", "1s"],
    "RELEASE_SEED": ["True", "1", "yes"],
}
# Variables whose empty value is valid: it is an empty list.
EMPTY_IS_FINE = {"TRUSTED_PROXIES", "CSRF_TRUSTED_ORIGINS"}


def test_list_of_invalid_values_has_every_variable():
    assert list(BAD) == [variable.name for variable in env.VARIABLES]


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, values in BAD.items() for value in values]
    + [(name, "") for name in BAD if name not in EMPTY_IS_FINE],
)
def test_invalid_value_is_reported_with_its_variable(name, value):
    with pytest.raises(env.InvalidEnvironmentError) as refused:
        env.read_environment({**GOOD, name: value})
    heading, *errors = str(refused.value).splitlines()
    assert heading == "Invalid configuration:"
    assert len(errors) == 1
    assert errors[0].startswith(f"- {name} must be ")
    assert "hush" not in errors[0]


def test_valid_values_are_parsed():
    values = env.read_environment(
        {
            **GOOD,
            "ALLOWED_HOSTS": "a.example.org,.b.example.org",
            "DEBUG": "true",
            "PORT": "80",
            "TRUSTED_PROXIES": "10.0.0.0/8,fd00::/8",
        }
    )
    assert values["ALLOWED_HOSTS"] == ["a.example.org", ".b.example.org"]
    assert (values["DEBUG"], values["PORT"], values["WEB_CONCURRENCY"]) == (True, 80, 2)
    assert [str(network) for network in values["TRUSTED_PROXIES"]] == ["10.0.0.0/8", "fd00::/8"]


@pytest.mark.parametrize("missing", ["SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL"])
def test_missing_required_variable_is_reported(missing):
    with pytest.raises(env.InvalidEnvironmentError, match=f"- {missing} is required: "):
        env.read_environment({name: value for name, value in GOOD.items() if name != missing})


OLD = {"host": "db.example.org", "PSQL_USERNAME": "ada", "PSQL_PASSWORD": "p@ss/w:rd", "PSQL_DBNAME": "actors"}


def test_variables_of_replaced_page_configure_the_database():
    """The sslmode is libpq's default, as in the replaced page."""
    url = env.read_environment({**{name: GOOD[name] for name in ("SECRET_KEY", "ALLOWED_HOSTS")}, **OLD})[
        "DATABASE_URL"
    ]
    entry = env.database_settings(url, 600)
    assert (entry["HOST"], entry["USER"], entry["PASSWORD"], entry["NAME"]) == tuple(OLD.values())
    assert (entry["PORT"], entry["OPTIONS"]["sslmode"]) == (5432, "prefer")


def test_host_variable_of_replaced_page_accepts_ipv6_address():
    required = {name: GOOD[name] for name in ("SECRET_KEY", "ALLOWED_HOSTS")}
    url = env.read_environment({**required, **OLD, "host": "2001:db8::7"})["DATABASE_URL"]
    entry = env.database_settings(url, 600)
    assert (entry["HOST"], entry["PORT"]) == ("2001:db8::7", 5432)


@pytest.mark.parametrize(("name", "value"), [("PSQL_PASSWORD", ""), ("host", "h:5433")])
def test_invalid_variable_of_replaced_page_is_reported_once(name, value):
    with pytest.raises(env.InvalidEnvironmentError) as refused:
        env.read_environment({**{name: GOOD[name] for name in ("SECRET_KEY", "ALLOWED_HOSTS")}, **OLD, name: value})
    [_heading, error] = str(refused.value).splitlines()
    assert error.startswith(f"- {name} must be ")


def test_database_url_overrides_variables_of_replaced_page():
    assert env.read_environment({**GOOD, **OLD})["DATABASE_URL"] == GOOD["DATABASE_URL"]


def test_missing_variables_of_replaced_page_are_reported():
    some = {"SECRET_KEY": GOOD["SECRET_KEY"], "ALLOWED_HOSTS": "a", "host": "db", "PSQL_PASSWORD": "hush"}
    with pytest.raises(env.InvalidEnvironmentError, match="PSQL_USERNAME, PSQL_DBNAME must be set too") as refused:
        env.read_environment(some)
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "sslmode"),
    [("postgres://u:p@h/n", "require"), ("postgres://u:p@h/n?sslmode=disable", "disable")],
)
def test_tls_is_required_unless_url_sets_sslmode(url, sslmode):
    assert env.database_settings(url, 600)["OPTIONS"]["sslmode"] == sslmode


@pytest.mark.parametrize(
    ("url", "options"),
    [
        (
            "postgres://u:p@h/n?sslmode=verify-full&sslrootcert=/ca.pem&channel_binding=require",
            {"channel_binding": "require"},
        ),
        ("POSTGRESQL://u:p@h/n?connect_timeout=5&assume_role=r&application_name=a", {"connect_timeout": 5}),
        ("postgres://u:p@h/n?currentSchema=s", {"options": "-c search_path=s"}),
        ("SQLITE:///x?timeout=3", {"timeout": 3, "transaction_mode": "IMMEDIATE"}),
        ("sqlite:///x?init_command=PRAGMA%20foreign_keys", {"init_command": "PRAGMA foreign_keys"}),
    ],
)
def test_known_options_of_database_url_are_applied(url, options):
    entry = env.database_settings(env.read_environment({**GOOD, "DATABASE_URL": url})["DATABASE_URL"], 600)
    assert options.items() <= entry["OPTIONS"].items()
    assert entry["ENGINE"] == (
        "django.db.backends.sqlite3" if "timeout=3" in url or "init" in url else "actorsite.db.postgresql"
    )


WRONG = {
    "SECRET_KEY": "hush-too-short",
    "ALLOWED_HOSTS": "",
    "DATABASE_URL": "mysql://ada:hush@db/actors",
    "PORT": " 5000",
    "WEB_CONCURRENCY": '"2"',
}


@pytest.mark.parametrize(
    "command",
    [["-m", "actorsite.server.start"], ["manage.py", "check"], ["manage.py", "migrate"]],
    ids=["serve", "check", "migrate"],
)
def test_commands_report_invalid_environment_in_one_message(command):
    ended = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment(**WRONG), capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 1
    assert ended.stdout == ""
    heading, *errors = ended.stderr.splitlines()
    assert heading == "Invalid configuration:"
    assert [line.split()[1] for line in errors] == list(WRONG)
    assert "hush" not in ended.stderr


@pytest.fixture
def new_database_url(tmp_path):
    """Return the URL of a database that can be created, because the checks of Django 6.1 and later connect."""
    return f"sqlite:///{tmp_path}/new.sqlite3"


def test_production_variables_pass_the_deployment_checks(new_database_url):
    ended = manage("check", "--deploy", "--fail-level", "WARNING", DATABASE_URL=new_database_url)
    assert ended.returncode == 0, ended.stderr


def test_development_variables_fail_the_deployment_checks(new_database_url):
    """Check that the test above can fail."""
    ended = manage("check", "--deploy", "--fail-level", "WARNING", DATABASE_URL=new_database_url, DEBUG="true")
    assert ended.returncode == 1
