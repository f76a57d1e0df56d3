"""The README and .env.example name everything that exists, and nothing else."""

import re

import pytest
from django.conf import settings
from django.core.management import call_command, get_commands
from django.urls import URLPattern, get_resolver

from actorsite.conf import env
from actorsite.observability import health
from tests.server import manage

pytestmark = pytest.mark.once

README = (settings.BASE_DIR / "README.md").read_text(encoding="utf-8")
OWN_APPS = ("actors", "actorsite")


def readme_row(variable):
    """Return the row of a variable in the README's table."""
    default = "required" if variable.required else f"`{variable.default}`" if variable.default else ""
    return f"| `{variable.name}` | {default} | {variable.meaning} |"


def section(title):
    """Return the text of the README below ``## title``."""
    return README.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def rows(title):
    """Return the rows of the tables in a section, without their headings."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    return [line for line in lines if not re.match(r"\| (---|[A-Z][a-z]+ \|)", line)]


def test_the_readme_has_every_variable_and_no_other():
    assert rows("Variables") == [readme_row(variable) for variable in env.VARIABLES]


def test_the_example_has_every_variable_and_no_other_with_its_default():
    example = (settings.BASE_DIR / ".env.example").read_text(encoding="utf-8")
    assert re.findall(r"^#?(\w+)=(.*)$", example, re.MULTILINE) == [
        (variable.name, variable.default or "") for variable in env.VARIABLES
    ]
    for variable in env.VARIABLES:
        assert " ".join(variable.meaning.split()) in " ".join(example.replace("\n# ", " ").split())


def test_every_variable_that_is_named_anywhere_in_the_readme_exists():
    """Variables of the Makefile are not those of the site."""
    named = set(re.findall(r"`([A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+)`", README))
    others = set(re.findall(r"^([A-Z_]+) \?= ", (settings.BASE_DIR / "Makefile").read_text(), re.MULTILINE))
    assert named - others - {variable.name for variable in env.VARIABLES} == set()


def addresses(resolver, prefix="/"):
    """Yield every address of the site, as the README writes it; for applications of others, only their prefix."""
    for entry in resolver.url_patterns:
        route = str(entry.pattern)
        route = route.replace("(?P<pk>[1-9][0-9]{0,9})", "<id>").replace("(?:-(?P<slug>[^/]*))?", "-<slug>")
        route = re.sub(r"<\w+:(\w+)>", r"<\1>", route.replace("\\.", ".").strip("^$"))
        if isinstance(entry, URLPattern):
            yield prefix + route
        elif getattr(entry.urlconf_name, "__name__", "").split(".")[0] in OWN_APPS:
            yield from addresses(entry, prefix + route)
        else:
            yield prefix + route


def test_the_readme_has_every_address_and_no_other():
    said = [address for row in rows("Addresses") for address in re.findall(r"`([^`]+)`", row.split("|")[1])]
    assert sorted(said) == sorted([*addresses(get_resolver()), *health.PROBE_VIEWS])


def test_the_readme_has_every_command_and_no_other():
    own = {name for name, app in get_commands().items() if app in OWN_APPS}
    said = set(re.findall(r"manage\.py ([a-z_]+)", README))
    assert own - said == set(), "commands that the README does not name"
    assert said - set(get_commands()) == set(), "commands that do not exist"


def test_the_readme_has_every_target_of_make_and_no_other():
    targets = set(re.findall(r"^([a-z-]+):.*## ", (settings.BASE_DIR / "Makefile").read_text(), re.MULTILINE))
    said = set(re.findall(r"\bmake ([a-z-]+)", "\n".join(re.findall(r"`[^`]*`|^make .*$", README, re.MULTILINE))))
    assert targets - said == set(), "targets that the README does not name"
    assert said - targets == set(), "targets that do not exist"


def test_settings_table_shows_every_variable_and_never_a_value(capsys):
    call_command("settings_table")
    printed = capsys.readouterr().out
    assert re.findall(r"^(\w+) \(", printed, re.MULTILINE) == [variable.name for variable in env.VARIABLES]
    assert "SECRET_KEY (required; set)" in printed
    assert "PORT (default 5000; not set)" in printed
    assert "DATABASE_URL (no default; set)" in printed
    assert "DYNO (no default; not set)" in printed
    assert settings.SECRET_KEY not in printed


def test_settings_table_is_printed_if_a_variable_is_invalid():
    ended = manage("settings_table", DATABASE_URL="sqlite:////nonexistent/none", PORT="hush")
    assert ended.returncode == 1
    assert "PORT (default 5000; set)" in ended.stdout and "RELEASE_SEED (" in ended.stdout
    assert ended.stderr.splitlines()[1:] == ["- PORT must be a whole number from 1 to 65535."]
    assert "hush" not in ended.stdout + ended.stderr
