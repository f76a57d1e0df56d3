"""Collected static files are stored between test runs, and collected again when a source changes."""

from shutil import rmtree

import pytest

from tests.static_files import copy_static_files, state_of_sources


@pytest.fixture
def collected(tmp_path):
    """Return a function that collects a file, or copies the stored one, and returns its contents."""
    folder, calls = tmp_path / "static", []

    def collect():
        calls.append(1)
        folder.mkdir()
        (folder / "site.css").write_text(f"collected {len(calls)} times")

    def collected():
        rmtree(folder, ignore_errors=True)
        copy_static_files(folder, collect, tmp_path / "store")
        return (folder / "site.css").read_text()

    return collected


def test_unchanged_static_files_are_collected_once(collected):
    assert [collected(), collected()] == ["collected 1 times", "collected 1 times"]


def test_changed_static_files_are_collected_again(collected, monkeypatch):
    assert collected() == "collected 1 times"
    monkeypatch.setattr("tests.static_files.state_of_sources", lambda: "changed")
    assert [collected(), collected()] == ["collected 2 times", "collected 2 times"]


def test_interrupted_copy_is_not_used(collected, monkeypatch):
    assert collected() == "collected 1 times"
    with monkeypatch.context() as failing, pytest.raises(OSError, match="full"):
        failing.setattr("tests.static_files.state_of_sources", lambda: "changed")
        failing.setattr("tests.static_files.shutil.copytree", _fail)
        collected()
    assert collected() == "collected 3 times"


def _fail(*arguments):
    raise OSError("the disk is full")


def test_change_of_a_source_changes_the_checksum(tmp_path, monkeypatch):
    states = [state_of_sources(tmp_path)]
    for path, text in [
        ("actorsite/settings.py", "1"),
        ("actorsite/server/static_files.py", "1"),
        ("actors/static/actors/a.css", "1"),
        ("actors/static/actors/a.css", "2"),
        ("actorsite/static/b.js", "1"),
    ]:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
        states.append(state_of_sources(tmp_path))
    monkeypatch.setattr("tests.static_files.metadata.distributions", list)
    states.append(state_of_sources(tmp_path))
    assert len(set(states)) == len(states)


def test_unrelated_files_do_not_change_the_checksum(tmp_path):
    state = state_of_sources(tmp_path)
    for path in ("static/a.css", ".pytest_cache/static/files/a.css", "actors/templates/a.html"):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).touch()
    assert state_of_sources(tmp_path) == state
