"""The layout of the code."""

import pytest
from django.conf import settings

pytestmark = pytest.mark.once

MAX_LINES = 400
FOLDERS = ("actors", "actorsite", "bench", "tests")


def test_python_files_have_at_most_400_lines():
    found = [path for folder in FOLDERS for path in (settings.BASE_DIR / folder).rglob("*.py")]
    files = [path for path in found if "node_modules" not in path.parts]
    assert len(files) > 300
    lengths = {str(path.relative_to(settings.BASE_DIR)): path.read_text(encoding="utf-8").count("\n") for path in files}
    assert {path: lines for path, lines in lengths.items() if lines > MAX_LINES} == {}


@pytest.mark.parametrize(("folder", "most"), [("actors", 12), ("actorsite", 10)])
def test_package_has_few_modules_at_its_top_level(folder, most):
    assert len(list((settings.BASE_DIR / folder).glob("*.py"))) <= most
