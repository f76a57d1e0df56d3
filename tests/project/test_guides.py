"""The shell lines of the tutorial and the how-to guides are valid, and those that can run here do what they say."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from tests.environment import MEASURED
from tests.postgres import free_port
from tests.project.test_make_run import Browser, running
from tests.server import environment, manage, migrated_database

DOCS = settings.BASE_DIR / "docs"
GUIDES = [DOCS / "tutorial.md", *sorted((DOCS / "how-to").glob("*.md"))]


def blocks(path):
    """Return the code blocks of a document, each as (language, code without its indentation)."""
    fenced = re.findall(r"^( *)```(\w+)\n(.*?)^\1```$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [(language, re.sub(f"^{indent}", "", code, flags=re.MULTILINE)) for indent, language, code in fenced]


def shell(code, folder, **variables):
    """Run shell lines in ``folder`` with this Python as `python`; return their output. Fail if one of them fails."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-euc", code],
        cwd=folder,
        env={**environment(), **MEASURED, "PATH": path, "HOME": str(folder), **variables},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, f"{code}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture
def folder(tmp_path):
    """Return a folder with manage.py, where the shell lines can leave files."""
    (tmp_path / "manage.py").symlink_to(settings.BASE_DIR / "manage.py")
    return tmp_path


@pytest.mark.once
@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.stem)
def test_shell_blocks_have_valid_syntax(path):
    code = [code for language, code in blocks(path) if language == "sh"]
    assert code or path.stem in ("use-a-proxy-or-pooler",)
    for lines in code:
        done = subprocess.run(["sh", "-n"], input=lines, capture_output=True, text=True)
        assert done.returncode == 0, f"{lines}\n{done.stderr}"


@pytest.mark.once
def test_messages_quoted_for_troubleshooting_exist():
    """In tables headed "Message of …", messages are in italics, and an ellipsis stands for a variable part."""
    source = "\n".join(
        path.read_text(encoding="utf-8")
        for app in ("actors", "actorsite")
        for path in (settings.BASE_DIR / app).rglob("*.py")
    )
    quoted = [
        (path.name, message.strip("… "))
        for path in GUIDES
        for table in re.findall(r"^\| Message of .*\n(?:\|.*\n)+", path.read_text(encoding="utf-8"), re.MULTILINE)
        for message in re.findall(r"^\| \*([^*]+)\* \|", table, re.MULTILINE)
    ]
    assert quoted
    assert [(name, message) for name, message in quoted if message not in source] == []


@pytest.mark.once
def test_tutorial_works_as_written(tmp_path):
    """Run the shell lines in order. Edit the actor before its JSON is first requested; undo that before the second."""
    port = free_port()
    steps = blocks(DOCS / "tutorial.md")
    printed = next(code for language, code in steps if language == "text" and "Password" in code)
    commands = [
        (code.replace(":8000", f":{port}"), after[1] if after[0] == "text" and not after[1].startswith("make") else "")
        for (language, code), after in zip(steps, [*steps[1:], ("", "")], strict=True)
        if language == "sh"
    ]
    actor = next(re.search(r"/actors/(\d+)-[a-z-]+", code) for code, _expected in commands if "/actors/" in code)
    versions = []
    with running(f"sqlite:///{tmp_path}/tutorial.sqlite3", port) as process:
        browser = Browser(port)
        browser.wait(seconds=60)
        lines = [line for line in printed.replace(":8000", f":{port}").splitlines() if line.strip()]
        for line in lines:
            while (output := process.stdout.readline().rstrip()) != line:
                assert output is not None and process.poll() is None, f"not printed: {line}"
        account = re.search(r"Account +(\S+)", printed)[1]
        password = re.search(r"Password +(\S+)", printed)[1]
        for code, expected in commands:
            if actor[0] in code:
                (undo if versions else edit)(browser, actor[1], account, password)
            output = shell(code, tmp_path)
            if actor[0] in code:
                versions.append(re.search(r'"version":(\d+)', output)[1])
            assert output.startswith(expected.rstrip("\n"))
    assert versions == ["2", "3"]
    assert not (tmp_path / "italians.csv").exists()


def edit(browser, pk, account, password):
    """Sign in and add a sentence to the biography."""
    url = f"/admin/actors/actor/{pk}/change/"
    form = browser.post(f"/admin/login/?next={url}", {"username": account, "password": password, "next": url})
    fields = dict(re.findall(r'<input type="(?:text|number|hidden)" name="(\w+)" value="([^"]*)"', form))
    saved = browser.post(url, {**fields, "biography": "She was born in Rome.", "country": "IT", "_save": "Save"})
    assert "was changed successfully" in saved
    assert "She was born in Rome." in browser.get(f"/actors/{pk}-x/")


def undo(browser, pk, _account, _password):
    """Undo the newest change in the history, by its button."""
    history = browser.get(f"/admin/actors/change/?actor={pk}")
    url, value = re.search(r'formaction="([^"]+)" name="restore" value="([^"]+)">Undo this change<', history).groups()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', history)[1]
    assert "was restored" in browser.get(url, {"csrfmiddlewaretoken": token, "restore": value})
    assert "She was born in Rome." not in browser.get(f"/actors/{pk}-x/")


@pytest.mark.sqlite
def test_commands_of_backup_guide_back_up_and_verify(folder):
    steps = blocks(DOCS / "how-to/back-up-and-restore.md")
    (backup, verify) = [code for language, code in steps if language == "sh" and code.startswith("python manage.py")]
    with migrated_database(["actors"]) as url:
        printed = shell(backup, folder, DATABASE_URL=url)
        assert re.match(r"site\.dump: \d+ tables, \d+ rows, \d+ bytes\n", printed)
        printed = shell(verify, folder, DATABASE_URL=url).splitlines()
    expected = next(code for language, code in steps if language == "text" and code.startswith("Restored")).splitlines()
    assert [re.sub(r"[0-9T:+-]{10,}|\d+", "N", line) for line in printed] == [
        re.sub(r"[0-9T:+-]{10,}|\d+", "N", line) for line in expected
    ]


@pytest.mark.postgresql
def test_move_guide_copies_actors_credits_and_accounts(folder, empty_database):
    sqlite = f"sqlite:///{folder}/actorsite.sqlite3"
    for command in (["migrate", "-v0"], ["seed"], ["ensure_superuser"]):
        account = {"DJANGO_SUPERUSER_USERNAME": "ada", "DJANGO_SUPERUSER_PASSWORD": "correct-horse-42"}
        assert manage(*command, DATABASE_URL=sqlite, **account).returncode == 0
    guide = blocks(DOCS / "how-to/move-from-sqlite-to-postgresql.md")
    setup, *steps = [code for language, code in guide if language == "sh"]
    setup = re.sub(r'NEW_URL="[^"]+"', f'NEW_URL="{empty_database}"', setup)
    assert empty_database in setup
    output = shell("\n".join([setup, *steps]), folder)
    assert "Released." in output and re.search(r"Installed \d{4} object\(s\) from 1 fixture\(s\)", output)
    counted = """
from actors.models import Actor, Credit, Film
from django.contrib.auth.models import User
print(*(model.objects.count() for model in (Actor, Film, Credit, User)))
"""
    results = {manage("shell", "-v0", "-c", counted, DATABASE_URL=url).stdout for url in (sqlite, empty_database)}
    assert len(results) == 1 and results.pop().endswith(" 1\n")
    assert not (folder / "data.json").exists()
