"""The linter of words reports dialect and accepts plain words; `make lint` and pre-commit run the same linters."""

import re

import pytest
import yaml
from django.conf import settings

from tests import lint_words

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    "text",
    [
        "Who signs in is asked for it.",
        "It is checked. Who has one is asked.",
        "What the file has no column for stays as it is.",
        "Of two editors the second gets a page.",
        "There is none: it is none.",
        "The page is made anew.",
        "A wrong slug leads to the right address.",
        "The row has a mistake.",
    ],
)
def test_phrase_to_avoid_is_reported(text):
    assert [error.line for error in lint_words.phrases("x.md", f"Title\n\n{text}")] in ([3], [3, 3])


@pytest.mark.parametrize("text", ["Who can sign in?", "What it does", "The site asks users who have a second factor."])
def test_question_heading_and_relative_clause_are_accepted(text):
    assert not [*lint_words.phrases("x.md", text)]


def test_proselint_error_is_reported_with_its_line():
    [error] = lint_words.proselint("x.md", "First.\n\nIt is for ever.")
    assert error.line == 3 and "archaism" in error.text


def test_code_in_documents_is_ignored():
    text = "Run `Who anew`:\n\n```sh\n# What is none.\n```\n[x](anew.md)"
    assert not [*lint_words.phrases("x.md", lint_words.prose(text))]
    assert lint_words.prose(text).count("\n") == text.count("\n")


@pytest.mark.parametrize(
    "name", ["test_the_list_is_sorted", "test_what_is_typed_is_text", "test_page_whose_actor_is_gone", "test_x"]
)
def test_dialect_test_name_is_reported(name):
    assert [error.text for error in lint_words.python("x.py", f"def {name}(): ...")]


def test_plain_test_name_docstring_and_comment_are_accepted():
    source = 'def test_list_sorted_by_year_is_stable():\n    """Return it."""\n    # Sorting is stable.\n'
    assert not [*lint_words.python("x.py", source)]


def test_dialect_docstring_and_comment_are_reported_with_their_lines():
    source = 'x = 1  # made anew\n\n\ndef f():\n    """Short.\n\n    Who asks is told.\n    """\n'
    assert sorted(error.line for error in lint_words.python("x.py", source)) == [1, 7]


def test_pre_commit_runs_the_linters_of_make_lint():
    makefile = (settings.BASE_DIR / "Makefile").read_text(encoding="utf-8")
    recipe = re.search(r"^lint:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)[1]
    linters = re.findall(r"\$\(BIN\)/([\w-]+(?: -m [\w.]+| manage\.py \w+| \w+(?= ))?)", recipe)
    assert len(linters) == 8
    hooks = yaml.safe_load((settings.BASE_DIR / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0][
        "hooks"
    ]
    entries = " ".join(hook["entry"] for hook in hooks)
    assert [linter for linter in linters if f".venv/bin/{linter}" not in entries] == []
    assert sum(".venv/bin/" in hook["entry"] for hook in hooks) == len(linters)


@pytest.mark.parametrize(
    ("message", "accepted"),
    [
        ("Sort films by year\n\nThe reason.\n", True),
        ("sort films by year\n", False),
        ("Sort films by year.\n", False),
        (f"Sort {'films ' * 12}\n", False),
    ],
)
def test_commit_hook_accepts_only_well_formed_subjects(message, accepted):
    config = yaml.safe_load((settings.BASE_DIR / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    [hook] = [hook for hook in config["repos"][0]["hooks"] if hook["id"] == "commit-subject"]
    assert bool(re.search(hook["entry"], message, re.MULTILINE)) is accepted
