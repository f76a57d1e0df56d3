"""The documents list every variable, URL, command and make target, and none that does not exist."""

import re
from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.contrib import admin
from django.core.management import call_command, get_commands
from django.urls import URLPattern, get_resolver

from actorsite import __version__
from actorsite.conf import env
from actorsite.observability import health
from tests.server import manage

pytestmark = pytest.mark.once

ROOT = settings.BASE_DIR
PATHS = sorted([*ROOT.glob("*.md"), ROOT / "k8s/README.md", *(ROOT / "docs").rglob("*.md")])
TEXTS = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in PATHS}
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE))
OWN_APPS = ("actors", "actorsite")
# Variables and keys of tools that the documents name. The site does not read them.
OTHER_VARIABLES = {"ACCESS_KEY_ID", "SECRET_ACCESS_KEY"}


def document(name):
    """Return the text of a document in docs/."""
    return TEXTS[f"docs/{name}"]


def code(text):
    """Return a list of the code in a document: its code blocks, and its text in backticks."""
    blocks = re.findall(r"^ *```\w*\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"^ *```.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL))
    return [*blocks, *inline]


def test_settings_page_is_generated_from_the_code(capsys):
    call_command("settings_table", markdown=True)
    assert document("reference/settings.md") == capsys.readouterr().out, "run `make docs`"


def test_env_example_has_every_variable_with_its_default():
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert re.findall(r"^#?(\w+)=(.*)$", example, re.MULTILINE) == [
        (variable.name, variable.default or "") for variable in env.VARIABLES
    ]
    for variable in env.VARIABLES:
        assert " ".join(variable.meaning.split()) in " ".join(example.replace("\n# ", " ").split())


def test_variables_in_documents_exist():
    """Documents may also name variables of the Makefile, which the site does not read."""
    known = {variable.name for variable in env.VARIABLES} | OTHER_VARIABLES
    known |= set(re.findall(r"^([A-Z_]+) \?= ", MAKEFILE, re.MULTILINE))
    unknown = {
        (name, variable)
        for name, text in TEXTS.items()
        for variable in re.findall(r"`([A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+)(?:=[^`]*)?`", text)
        if variable not in known
    }
    assert unknown == set()


def urls(resolver, prefix="/"):
    """Yield every URL of the site, as the documents write it. Of third-party applications, yield only the prefix."""
    for entry in resolver.url_patterns:
        route = str(entry.pattern)
        route = route.replace("(?P<pk>[1-9][0-9]{0,9})", "<id>").replace("(?:-(?P<slug>[^/]*))?", "-<slug>")
        route = re.sub(r"<\w+:(\w+)>", r"<\1>", route.replace("\\.", ".").strip("^$"))
        if isinstance(entry, URLPattern):
            yield prefix + route
        elif getattr(entry.urlconf_name, "__name__", "").split(".")[0] in OWN_APPS:
            yield from urls(entry, prefix + route)
        else:
            yield prefix + route


def test_urls_page_lists_exactly_the_urls_of_the_site():
    rows = [line for line in document("reference/urls.md").split("\n## ")[0].splitlines() if line.startswith("| `/")]
    documented = [url for row in rows for url in re.findall(r"`([^`]+)`", row.split("|")[1])]
    assert sorted(documented) == sorted([*urls(get_resolver()), *health.PROBE_VIEWS])


def test_commands_page_lists_every_command():
    # `version` is not a command of an app: actorsite.management prints the version without the settings.
    own = {name for name, app in get_commands().items() if app in OWN_APPS} | {"version"}
    documented = set(re.findall(r"manage\.py ([a-z_]+)", document("reference/commands.md")))
    assert own - documented == set()


def test_commands_in_documents_exist():
    unknown = {
        (name, command)
        for name, text in TEXTS.items()
        for command in re.findall(r"manage\.py ([a-z_]+)", "\n".join(code(text)))
        if command not in get_commands() and command not in ("version", "help")
    }
    assert unknown == set()


def test_development_page_lists_every_make_target():
    documented = set(re.findall(r"`make ([a-z0-9-]+)", document("contributing/development.md")))
    assert documented >= TARGETS


def test_make_targets_in_documents_exist():
    unknown = {
        (name, target)
        for name, text in TEXTS.items()
        for piece in code(text)
        for target in re.findall(r"^(?:[A-Z_]+=\S+ )*make ([a-z][a-z0-9-]*)", piece, re.MULTILINE)
        if target not in TARGETS
    }
    assert unknown == set()


def anchors(text):
    """Return the anchors of the headings of a document, as GitLab and GitHub make them."""
    found = []
    for heading in re.findall(r"^#+ (.*?) *$", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), re.MULTILINE):
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
        anchor = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        found.append(f"{anchor}-{found.count(anchor)}" if anchor in found else anchor)
    return found


@pytest.mark.parametrize("path", PATHS, ids=lambda path: str(path.relative_to(ROOT)))
def test_internal_links_point_to_existing_files_and_headings(path):
    text = path.read_text(encoding="utf-8")
    plain = re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", plain):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        if not target.exists() or (anchor and anchor not in anchors(target.read_text(encoding="utf-8"))):
            broken.append(link)
    assert broken == []


def labels(language):
    """Return the messages of the site and of Django's admin in ``language``."""
    found = {"Editors", "Curators", "Administrators"}
    folders = [ROOT / "actors", ROOT / "actorsite", Path(admin.__file__).parent]
    for folder in folders:
        for entry in polib.pofile(str(folder / "locale/zh_Hans/LC_MESSAGES/django.po")):
            text = entry.msgid if language == "en" else entry.msgstr
            found |= {text, text[:1].upper() + text[1:]}
    return found | ({"Locked accounts"} if language == "en" else set())


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_labels_in_the_guides_for_editors_exist(language):
    bold = re.findall(r"\*\*([^*]+)\*\*", document(f"editors/{language}.md"))
    assert len(bold) > 50
    assert set(bold) - labels(language) - {"bold", "粗体"} == set()


def test_every_document_can_be_reached_from_the_readme():
    reached, queue = set(), [ROOT / "README.md"]
    while queue:
        path = queue.pop()
        if path in reached or path.suffix != ".md" or not path.exists():
            continue
        reached.add(path)
        links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
        queue += [(path.parent / link).resolve() for link in links if not re.match(r"[a-z]+:", link)]
    assert set(PATHS) - reached == set()


def test_readme_is_short_and_each_document_has_one_title():
    lines = TEXTS["README.md"].splitlines()
    assert len(lines) <= 150
    for name, text in TEXTS.items():
        outside = re.sub(r"^ *```.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL)
        assert len(re.findall(r"^# ", outside, re.MULTILINE)) == 1, name


def test_changelog_has_current_version_after_unreleased_changes():
    versions = re.findall(r"^## \[([^]]+)\](?: - (\d{4}-\d\d-\d\d))?$", TEXTS["CHANGELOG.md"], re.MULTILINE)
    assert versions[0] == ("Unreleased", "")
    assert versions[1][0] == __version__ and versions[1][1]
    sections = set(re.findall(r"^### (.*)$", TEXTS["CHANGELOG.md"], re.MULTILINE))
    assert sections <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_settings_table_shows_every_variable_and_never_a_value(capsys):
    call_command("settings_table")
    printed = capsys.readouterr().out
    assert re.findall(r"^(\w+) \(", printed, re.MULTILINE) == [variable.name for variable in env.VARIABLES]
    assert "SECRET_KEY (required; set)" in printed
    assert "PORT (default 5000; not set)" in printed
    assert "DATABASE_URL (no default; set)" in printed
    assert "DYNO (no default; not set)" in printed
    assert settings.SECRET_KEY not in printed


def test_settings_table_is_printed_if_a_variable_is_invalid():
    ended = manage("settings_table", DATABASE_URL="sqlite:////nonexistent/none", PORT="hush")
    assert ended.returncode == 1
    assert "PORT (default 5000; set)" in ended.stdout and "RELEASE_SEED (" in ended.stdout
    assert ended.stderr.splitlines()[1:] == ["- PORT must be a whole number from 1 to 65535."]
    assert "hush" not in ended.stdout + ended.stderr
