"""Migrations import no application code, and their SQL folds names like the Python code."""

import ast
import hashlib
import re

import pytest
from django.conf import settings
from django.db.migrations.loader import MigrationLoader

from actors.search.suggestions import MAX_WORD_LENGTH, MIN_WORD_LENGTH
from actors.text.normalize import APOSTROPHES, DROPPED_MARKS, PAIRS, SEPARATORS, SINGLES, UNSPACED

pytestmark = pytest.mark.once

FOLDERS = {app: settings.BASE_DIR / app / "migrations" for app in ("actors", "actorsite")}
MAX_FILES = {"actors": 8, "actorsite": 2}
ADOPTING = "94c448c0b302a85c1785d5b1789f1be34a31327c3ab2624a9e387f46865427c5"
# Allowed: the custom fields and expressions that the autodetector needs, and the migrations' own operations.
ALLOWED = {"actors.fields", "actors.migrations._operations"}
FILES = sorted(path for folder in FOLDERS.values() for path in folder.rglob("*.py"))


def imported(source):
    """Return the modules that Python ``source`` imports, and the names in it that import or run other code."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))
        elif isinstance(node, ast.Name | ast.Attribute):
            name = node.id if isinstance(node, ast.Name) else node.attr
            if name in ("import_module", "import_string", "__import__", "exec", "eval"):
                found.add(name)
    return found


def refused(source):
    first = {
        "actors",
        "actorsite",
        "tests",
        "import_module",
        "import_string",
        "__import__",
        "exec",
        "eval",
        "importlib",
    }
    return {name for name in imported(source) - ALLOWED if name.startswith(".") or name.partition(".")[0] in first}


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.parent.name}/{path.name}")
def test_migrations_import_no_application_code(path):
    assert not refused(path.read_text())


@pytest.mark.parametrize(
    "source",
    [
        "import actors.models",
        "from actors import search",
        "from actors.migrations import _operations",
        "from . import _operations",
        "from .models import Actor",
        "def forwards(apps, schema_editor):\n    from actorsite import env",
        "from importlib import import_module",
        "import importlib",
        "__import__('actors.models')",
    ],
)
def test_forbidden_imports_are_reported(source):
    assert refused(source)


def test_number_of_migrations_is_within_the_limit():
    for app, folder in FOLDERS.items():
        assert len(list(folder.glob("[0-9]*.py"))) <= MAX_FILES[app]


def test_adopting_migration_is_unchanged():
    assert hashlib.sha256((FOLDERS["actors"] / "0001_initial.py").read_bytes()).hexdigest() == ADOPTING


def test_site_and_directory_migrate_independently():
    graph = MigrationLoader(None).graph
    for app, other in (("actors", "actorsite"), ("actorsite", "actors")):
        [leaf] = graph.leaf_nodes(app)
        assert other not in {label for label, _name in graph.forwards_plan(leaf)}


def test_sql_files_have_a_reverse_file_and_are_run():
    for folder in (FOLDERS["actors"] / "sql").iterdir():
        names = {path.name for path in folder.iterdir()}
        forwards = {name for name in names if not name.endswith("_reverse.sql")}
        assert names - forwards == {name.replace(".sql", "_reverse.sql") for name in forwards}
        code = "".join(path.read_text() for path in FOLDERS["actors"].glob("[0-9]*.py"))
        assert all(f'RunSQLFile("{name.removesuffix(".sql")}"' in code for name in forwards)


# Folding of names in SQL


@pytest.fixture(scope="module")
def sql():
    return (FOLDERS["actors"] / "sql" / "postgresql" / "text_functions.sql").read_text()


def plain(literal):
    """Return the content of an SQL ``literal`` with its escapes decoded, to compare it with Python's constants."""
    literal = literal.replace("''", "'")
    escapes = {"t": "\t", "r": "\r", "n": "\n"}
    return re.sub(
        r"\\(?:u([0-9a-f]{4})|U([0-9a-f]{8})|([trn]))",
        lambda found: escapes.get(found[3]) or chr(int(found[1] or found[2], 16)),
        literal,
    )


def only(pattern, text):
    [found] = re.findall(pattern, text)
    return found


def test_sql_and_python_remove_the_same_marks(sql):
    assert plain(only(r"normalize\(folded, NFKD\), '\[(.*)\]', '', 'g'", sql)) == DROPPED_MARKS + APOSTROPHES


def test_sql_and_python_have_the_same_separators(sql):
    assert plain(only(r"regexp_replace\(folded, '\[(.*)\]\+', ' ', 'g'\), NFC", sql)) == SEPARATORS


def test_sql_and_python_replace_the_same_letters_by_two(sql):
    assert dict(re.findall(r", '(.)', '(..)'\)", sql)) == PAIRS


def test_sql_and_python_replace_the_same_letters_by_one(sql):
    before, after = only(r"'Þ', 'th'\), '(.*)', '(.*)'\);", sql)
    assert len(before) == len(after)
    folded = {}
    for letter, other in zip(before, after, strict=True):
        # As in translate(), the first of two equal letters counts.
        folded.setdefault(letter, other)
    assert {letter: other for letter, other in folded.items() if letter != other} == SINGLES


def test_sql_finds_every_letter_that_needs_folding(sql):
    listed = re.compile(only(r"folded ~ '(\[.*\])' THEN", sql))
    assert all(listed.match(letter) for letter in {**SINGLES, **PAIRS} if not letter.isascii())


def test_sql_and_python_have_the_same_scripts_without_spaces(sql):
    assert plain(only(r"search ~ '\[(.*)\]' THEN", sql)) == UNSPACED
    assert plain(only(r"regexp_replace\(search, '\[\^(.*) \]\+'", sql)) == UNSPACED


def test_word_index_exceeds_the_length_limits_by_one_letter(sql):
    assert only(r"length\(word\) BETWEEN (\d+) AND (\d+)", sql) == (str(MIN_WORD_LENGTH - 1), str(MAX_WORD_LENGTH + 1))
