"""The contents of the image."""

import json
import re
import shutil
from urllib.parse import quote

import pytest

from actorsite import __version__
from tests.platform import dyno as dynos
from tests.platform.dyno import ROOT
from tests.platform.engine import IMAGE, engine

MEGABYTE = 10**6


def inside(script):
    """Run a shell script in a container of the image, and return its output."""
    return engine("run", "--rm", "--pull=never", "--user", "0", "--entrypoint", "bash", IMAGE, "-c", script).stdout


def test_image_adds_at_most_200_mb_to_its_base_image():
    base = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)[-1]
    (below,) = json.loads(engine("image", "inspect", base).stdout)
    added = dynos.image()["Size"] - below["Size"]
    print(f"{added / MEGABYTE:.0f} MB")
    assert 0 < added <= 200 * MEGABYTE


def test_image_contains_only_runtime_files():
    files = set(inside("ls -A /app").split())
    assert files == {
        *(".profile.d", "actors", "actorsite", "entrypoint.sh", "gunicorn.conf.py", "manage.py"),
        *("__pycache__", "sbom.cdx.json", "static"),
    }
    unwanted = (
        "find / -xdev -name '.env*' -o -xdev -name .git -o -xdev -name 'ssh_host_*' -o -xdev -path '*/app/*test*'"
    )
    assert inside(unwanted) == ""
    packages = inside("ls /opt/venv/lib/python3*/site-packages").split()
    assert "django" in packages and not {"pip", "pytest", "playwright", "uv"} & set(packages)


def test_image_does_not_contain_the_secret_key_of_the_build():
    history = engine("history", "--no-trunc", "--format", "{{.CreatedBy}}", IMAGE).stdout
    assert re.findall(r"SECRET_KEY=(\S+)", history + json.dumps(dynos.image()["Config"])) == []


def test_build_context_excludes_secrets_and_tests(tmp_path):
    """Only the files that .dockerignore allows are sent to a build."""
    shutil.copy(ROOT / ".dockerignore", tmp_path)
    wanted = [
        "manage.py",
        "actors/models/__init__.py",
        "actorsite/settings.py",
        ".profile.d/heroku-exec.sh",
        "bin/sbom.py",
    ]
    decoys = [".env", ".env.production", ".git/config", "tests/test_x.py", "actors/.env", "actorsite/.env.local"]
    decoys += [
        "actors/__pycache__/models.cpython-313.pyc",
        "actorsite.sqlite3",
        "actors/x.sqlite3",
        "id_rsa",
        "bin/run",
    ]
    for name in wanted + decoys:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "Dockerfile").write_text(f"FROM {IMAGE}\nCOPY . /context\n")
    tag = f"{IMAGE}-context"
    engine("build", "--pull=never" if "podman" in engine("--version").stdout else "--pull=false", "-t", tag, tmp_path)
    try:
        sent = engine("run", "--rm", "--entrypoint", "find", tag, "/context", "-type", "f", "-printf", "%P\n").stdout
    finally:
        engine("rmi", tag, check=False)
    assert sorted(sent.split()) == sorted(wanted)


def test_image_labels_have_title_version_and_revision():
    labels = dynos.image()["Labels"] if "Labels" in dynos.image() else dynos.image()["Config"]["Labels"]
    assert labels["org.opencontainers.image.title"] == "Actorsite"
    assert labels["org.opencontainers.image.version"] == __version__
    assert re.fullmatch(r"[0-9a-f]{40}", labels["org.opencontainers.image.revision"])


def test_sbom_lists_every_package_of_the_image():
    sbom = json.loads(inside("cat /app/sbom.cdx.json"))
    assert sbom["bomFormat"] == "CycloneDX"
    listed = {component["purl"].split("?")[0].lower() for component in sbom["components"]}
    debian = inside("dpkg-query -W -f '${Package}@${Version}\\n'").split()
    names = "import importlib.metadata as m\nfor d in m.distributions(): print(f'{d.name}@{d.version}')"
    python = inside(f'/opt/venv/bin/python -c "{names}"').split()
    assert {f"pkg:pypi/{package.lower().replace('_', '-')}" for package in python} - listed == set()
    assert {f"pkg:deb/debian/{quote(package, safe='@').lower()}" for package in debian} - listed == set()
    assert len(python) > 8 and len(debian) > 80


def test_pip_check_finds_no_conflicts_in_the_image():
    assert "No broken requirements" in inside("/usr/local/bin/python3 -m pip --python /opt/venv/bin/python check")


@pytest.mark.parametrize("name", ["pg_dump", "pg_restore", "psql"])
def test_postgresql_client_is_installed_in_the_image(name):
    assert int(re.search(r"\) (\d+)", inside(f"{name} --version"))[1]) >= 17
