"""A linter of words, run by `make lint`: proselint, the phrases of PHRASES, and the names of tests.

It reads the documents, the English messages of both apps, and the docstrings and comments of all Python files.
docs/contributing/style.md has the rules.
"""

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import polib
from proselint.checks import __register__
from proselint.config import DEFAULT
from proselint.registry import CheckRegistry
from proselint.tools import LintFile

ROOT = Path(__file__).resolve().parent.parent
CODE = ("actors", "actorsite", "bench", "bin", "tests")
DOCUMENTS = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "k8s/README.md", "docs/**/*.md")
MESSAGES = ("actors", "actorsite")

# Typography is left to the templates and to Markdown. Quotes in code are straight.
CONFIG = {**DEFAULT, "checks": {**DEFAULT["checks"], "typography": False}}

START = r"(?:\A|(?<=[.!?:;]\s)|(?<=\n))"
# Phrases to avoid, as regular expressions, and what to write instead.
PHRASES = {
    START + r"Who(?:ever|soever)?\b(?![^.!?]*\?)": "name the person: “An editor who …”",
    START + r"What(?:ever)?\b[^.!?]*[.!](?=\s|\Z)": "begin with the noun: “Text that …”",
    START + r"Of (?:two|what|which|whom|all|each|those)\b": "begin with the subject",
    r"(?<!there )\b(?:is|are|was|were) none\b": "“does not exist”, “has no …”",
    r"\bof whom\b": "a second sentence",
    r"\bin vain\b": "“fails”, “without success”",
    r"\bby lot\b": "“random”",
    r"\bheld against\b": "“compared with”, “validated by”",
    r"\b(?:leads?|led) to (?:the|its|their) (?:right |other )?(?:address|page|entry)\b": "“redirects to”, “opens”",
    r"\banew\b": "“again”",
    r"\bgo(?:es)? on\b": "“continues”",
    r"\b(?:hears?|heard) of\b": "“is notified of”",
    r"\bmistakes?\b": "“error”",
    r"\bsuch a one\b": "name it",
    r"\bas such\b": "leave it out",
    r"\bthere is no such\b": "“does not exist”",
    r"\b(?:is|are) said\b": "“reports”, “shows”",
    r"\bthe like\b": "name them",
    r"\bnobody else's\b|\bno one's\b": "say whose",
    r"\bso many\b[^.]*\bno more\b": "“at most”",
}
# test_<subject>_<condition>_<result>: no article first, and no noun clause.
TEST_NAME = re.compile(
    r"test_(?!(?:the|an?|of|where|that|it|there)_)(?!(?:.*_)?(?:who|whom|whose|what|which)(?:_|$))[a-z0-9_]{3,88}"
)


class Error(NamedTuple):
    """An error: the file, the line, and what to change."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


def prose(markdown: str) -> str:
    """Return ``markdown`` with its code, URLs and comments blanked; lines keep their numbers."""
    for pattern in (r"^```.*?^```", r"<!--.*?-->", r"`[^`\n]+`", r"\]\([^)\n]*\)", r"<https?:[^>]*>"):
        markdown = re.sub(pattern, _blank, markdown, flags=re.MULTILINE | re.DOTALL)
    return markdown


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"\S", " ", match[0])


def phrases(file: str, text: str, line: int = 1) -> Iterator[Error]:
    """Yield an error for each phrase to avoid in ``text``, whose first line has the number ``line``."""
    for pattern, advice in PHRASES.items():
        for match in re.finditer(pattern, text):
            quoted = " ".join(match[0].split())
            yield Error(file, line + text.count("\n", 0, match.start()), f"avoid “{quoted[:40]}”: {advice}")


def proselint(file: str, text: str, line: int = 1) -> Iterator[Error]:
    """Yield the errors that proselint finds in ``text``, whose first line has the number ``line``."""
    if not CheckRegistry().checks:
        CheckRegistry().register_many(__register__)
    for result in LintFile(file, text).lint(CONFIG):
        start, end = result.check_result.span
        # A heading and the text below it, or text around blanked code, are no repetition.
        if "lexical_illusions" in result.check_result.check_path and re.search(r"\n|  ", text[start - 1 : end - 1]):
            continue
        yield Error(file, line + result.pos[0] - 1, f"{result.check_result.message} ({result.check_result.check_path})")


def documents() -> Iterator[Error]:
    """Yield the errors of the English documents."""
    for pattern in DOCUMENTS:
        for path in sorted(ROOT.glob(pattern)):
            if path.name != "zh-hans.md":
                name, text = str(path.relative_to(ROOT)), prose(path.read_text(encoding="utf-8"))
                yield from phrases(name, text)
                yield from proselint(name, text)


def messages() -> Iterator[Error]:
    """Yield the errors of the English messages."""
    for app in MESSAGES:
        path = ROOT / app / "locale/zh_Hans/LC_MESSAGES/django.po"
        for entry in polib.pofile(str(path)):
            for text in filter(None, (entry.msgid, entry.msgid_plural)):
                yield from phrases(str(path.relative_to(ROOT)), text, entry.linenum)
                yield from proselint(str(path.relative_to(ROOT)), text, entry.linenum)


def code() -> Iterator[Error]:
    """Yield the errors of docstrings, comments and names of tests."""
    for folder in CODE:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "node_modules" not in path.parts and path != Path(__file__).resolve():
                yield from python(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8"))


def python(file: str, source: str) -> Iterator[Error]:
    """Yield the errors of the Python code ``source``."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if text := ast.get_docstring(node):
                yield from phrases(file, text, node.body[0].lineno)
            name = getattr(node, "name", "")
            if name.startswith("test_") and not TEST_NAME.fullmatch(name):
                yield Error(file, node.lineno, f"name the test by subject, condition and result: {name}")
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield from phrases(file, token.string.lstrip("# "), token.start[0])


def main() -> int:
    """Print the errors; return the exit code."""
    errors = [*documents(), *messages(), *code()]
    for error in errors:
        print(error)
    if errors:
        print(f"{len(errors)} errors of words. docs/contributing/style.md has the rules.", file=sys.stderr)
    return bool(errors)


if __name__ == "__main__":
    sys.exit(main())
