"""The tools that check pages, from npm, pinned in package-lock.json, put in place by `make quality`."""

import shutil
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="session")
def tool():
    """A function that returns the path of an installed program or file; fails where it is missing, and says why."""

    def tool(path):
        found = shutil.which(path) or HERE / "node_modules" / path
        assert Path(found).exists(), f"There is no {path}: run `make quality`, which installs it or says what it needs."
        return str(found)

    return tool
