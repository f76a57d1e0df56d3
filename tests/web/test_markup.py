"""html-validate and the Nu Html Checker find no fault in any public page, in each language."""

import subprocess

import pytest

from tests import pages
from tests.web.conftest import HERE

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(client, settings, tmp_path):
    """Return a folder with every public page as a file."""
    settings.ROOT_URLCONF = "tests.browser.error_urls"
    client.raise_request_exception = False
    pages.load()
    for language in pages.LANGUAGES:
        for name in pages.PAGES:
            response = client.get(pages.url(name), headers={"accept-language": language})
            assert response.status_code == (int(name[:3]) if name[:3].isdigit() else 200), name
            content = response.content.decode()
            assert f'<html lang="{language}"' in content
            (tmp_path / f"{name} {language}.html").write_text(content, encoding="utf-8")
    return tmp_path


def test_html_validate_finds_no_errors(tool, folder):
    command = [tool("node"), tool("html-validate/bin/html-validate.mjs"), "--config", HERE / "htmlvalidate.json"]
    done = subprocess.run([*command, "--max-warnings=0", folder], capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stdout + done.stderr


def test_nu_html_checker_finds_no_errors(tool, folder):
    # The checker would guess the language from the words, but the API page has English names in any language.
    options = ["--Werror", "--stdout", "--no-langdetect"]
    command = [tool("java"), "-jar", tool("vnu-jar/build/dist/vnu.jar"), *options]
    done = subprocess.run([*command, *sorted(folder.glob("*.html"))], capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stdout + done.stderr
