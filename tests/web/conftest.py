"""Fixtures for the npm tools that check pages. `make quality` installs them at the versions in package-lock.json."""

import shutil
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="session")
def tool():
    """A function that returns the path of an installed program or file; fails with the reason if it is missing."""

    def tool(path):
        found = shutil.which(path) or HERE / "node_modules" / path
        assert Path(found).exists(), f"There is no {path}: run `make quality`, which installs it or says what it needs."
        return str(found)

    return tool
