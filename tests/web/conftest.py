"""Fixtures for the npm tools that check pages. `make quality` installs them at the versions in package-lock.json."""

import shutil
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="session")
def tool():
    """Return a function that returns the path of an installed program or file. It fails if that is missing."""

    def tool(path):
        found = shutil.which(path) or HERE / "node_modules" / path
        assert Path(found).exists(), (
            f"{path} is missing. Run `make quality`, which installs it or reports what it needs."
        )
        return str(found)

    return tool
