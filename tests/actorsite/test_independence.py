"""The package actorsite works without the package actors, so that another Django project can use it."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server import ROOT, environment

pytestmark = pytest.mark.once

# Only these modules may need the package actors: they name the parts of the project, as strings.
COMPOSITION = {"actorsite.settings", "actorsite.urls", "actorsite.wsgi"}
IMPORT_ALL = """
import importlib, json, os, pkgutil, sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name == "actors" or name.startswith("actors."):
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, Blocker())
# The site's own settings without actors, as another project would write them.
import actorsite.settings as own
from django.conf import settings
values = {name: getattr(own, name) for name in dir(own) if name.isupper()}
values["INSTALLED_APPS"] = [app for app in own.INSTALLED_APPS if app != "actors"]
values["LOGGING_CONFIG"] = None
settings.configure(**values)
import django
django.setup()
import actorsite
failed = {}
for module in pkgutil.walk_packages(actorsite.__path__, "actorsite.", onerror=lambda name: None):
    try:
        importlib.import_module(module.name)
    except ImportError as error:
        failed[module.name] = str(error)
print(json.dumps(failed))
"""


def site_modules():
    """Return {name of a module of actorsite: its path}."""
    paths = (path for path in (ROOT / "actorsite").rglob("*.py") if "migrations" not in path.parts)
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


def imported_names(path):
    """Yield the names of the modules that a file imports, also within functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module


def test_site_modules_import_nothing_from_actors():
    direct = {
        name
        for name, path in site_modules().items()
        if any(imported.partition(".")[0] == "actors" for imported in imported_names(path))
    }
    assert direct == set()


def test_site_modules_are_importable_without_actors_app():
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL],
        cwd=ROOT,
        env=environment(DATABASE_URL="sqlite:////nonexistent/none"),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    failed = json.loads(done.stdout.splitlines()[-1])
    assert failed.keys() - COMPOSITION == set(), failed


@pytest.mark.parametrize(
    "path", sorted(Path(ROOT, "actorsite", "templates").rglob("*.html")), ids=lambda path: path.name
)
def test_site_templates_use_nothing_from_actors(path):
    assert re.findall(r"\bactors[/_]", path.read_text()) == []
