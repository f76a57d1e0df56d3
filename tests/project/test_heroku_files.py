"""Procfile, heroku.yml, app.json and the image are consistent."""

import json
import re
import shlex

import pytest
import yaml
from django.conf import settings

from actorsite.conf.env import VARIABLES, read_environment

pytestmark = pytest.mark.once

ROOT = settings.BASE_DIR
PROCFILE = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
HEROKU = yaml.safe_load((ROOT / "heroku.yml").read_text())
APP = json.loads((ROOT / "app.json").read_text())
# Variables that the platform sets itself, and those of the replaced page.
PLATFORM_VARIABLES = {
    "DATABASE_URL",
    "PORT",
    "DYNO",
    "HOSTNAME",
    "host",
    "PSQL_USERNAME",
    "PSQL_PASSWORD",
    "PSQL_DBNAME",
}


def instructions(name):
    """Return the arguments of each instruction ``name`` in the last stage of the Dockerfile."""
    last_stage = re.split(r"^FROM ", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)[-1]
    return re.findall(rf"^{name} (.*)$", last_stage, re.MULTILINE)


def test_image_procfile_and_heroku_yml_have_the_same_command():
    (entrypoint,), (command,) = instructions("ENTRYPOINT"), instructions("CMD")
    starts = json.loads(entrypoint) + json.loads(command)
    assert shlex.split(PROCFILE["web"]) == shlex.split(HEROKU["run"]["web"]) == starts


def test_procfile_and_heroku_yml_have_the_same_release_command():
    (entrypoint,) = instructions("ENTRYPOINT")
    (release,) = HEROKU["release"]["command"]
    assert shlex.split(PROCFILE["release"]) == shlex.split(release) == [*json.loads(entrypoint), "release"]
    assert HEROKU["release"]["image"] in HEROKU["build"]["docker"]


def test_process_types_share_one_dockerfile():
    assert set(HEROKU["build"]["docker"].values()) == {"Dockerfile"}
    for kind in PROCFILE:
        # `heroku container:push --recursive` builds Dockerfile.TYPE.
        assert (ROOT / f"Dockerfile.{kind}").resolve() == ROOT / "Dockerfile"
    assert set(PROCFILE) == {path.suffix[1:] for path in ROOT.glob("Dockerfile.*")}


def test_app_json_and_heroku_yml_have_the_same_add_ons():
    assert APP["addons"] == HEROKU["setup"]["addons"]
    assert APP["environments"]["review"]["addons"] == HEROKU["setup"]["addons"]
    assert APP["stack"] == "container"


def test_app_json_describes_every_variable():
    assert {name: entry["description"] for name, entry in APP["env"].items()} == {
        variable.name: variable.meaning for variable in VARIABLES if variable.name not in PLATFORM_VARIABLES
    }
    assert set(APP["environments"]["review"]["env"]) <= set(APP["env"])


@pytest.mark.parametrize("more", [{}, APP["environments"]["review"]["env"]], ids=["app", "review app"])
def test_new_app_starts_with_variables_of_app_json(more):
    """Every required variable has a value or a generator, and every value is valid."""
    assert APP["env"]["SECRET_KEY"]["generator"] == "secret"
    environment = {name: entry["value"] for name, entry in APP["env"].items() if "value" in entry}
    for name, entry in APP["env"].items():
        assert entry.get("required") is False or {"value", "generator"} & set(entry), name
    heroku = {
        "SECRET_KEY": "0123456789abcdef" * 4,
        "DATABASE_URL": "postgres://u:p@h:5432/d",
        "PORT": "31337",
        "DYNO": "web.1",
    }
    assert read_environment({**environment, **heroku, **more})["ALLOWED_HOSTS"] == [".herokuapp.com"]
