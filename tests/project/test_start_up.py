"""Imports at the start of a process."""

import pytest

from tests.server import manage

# Large libraries that few requests and commands need.
LAZY = ("openpyxl", "webauthn", "cryptography")

pytestmark = pytest.mark.once


def test_large_libraries_are_loaded_only_when_needed():
    code = f"import sys; import actorsite.urls; assert not {set(LAZY)} & set(sys.modules)"
    ended = manage("shell", "-c", code, DATABASE_URL="sqlite:////nonexistent/none")
    assert ended.returncode == 0, ended.stderr
