"""``manage.py backup`` and ``verify_backup``, which tells whether a backup can be restored."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import pytest
from django.conf import settings

from actorsite.backup import archives
from actorsite.management.commands.backup import Command
from tests.database import cursor_of, scratch_database
from tests.environment import DATABASE, MEASURED
from tests.postgres import binaries, newest_client
from tests.server import migrated_database

# All verifications run in one process, because one test counts the databases that they leave on the server.
pytestmark = [pytest.mark.sqlite, pytest.mark.xdist_group("verify")]
postgresql = pytest.mark.postgresql


def manage(url, *arguments, binary=False, **variables):
    """Run manage.py on the database at ``url``; return the finished process."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=settings.BASE_DIR,
        env={
            # Use pg_dump of the tests' own server, so that both have the same version.
            "PATH": f"{binaries()}:{os.environ['PATH']}",
            "SECRET_KEY": "abcde" * 10,
            "ALLOWED_HOSTS": "localhost",
            "DATABASE_URL": url,
            **MEASURED,
            **variables,
        },
        capture_output=True,
        text=not binary,
        timeout=120,
    )


@pytest.fixture(scope="module")
def site():
    """Yield the URL of a database with actors."""
    with migrated_database(["actors", "films"]) as url:
        yield url


@pytest.fixture(scope="module")
def good_backup(site, tmp_path_factory):
    """Return the path of a backup of ``site``."""
    path = tmp_path_factory.mktemp("backup") / "site.dump"
    done = manage(site, "backup", path)
    assert done.returncode == 0, done.stderr
    return path


@pytest.fixture
def copy(good_backup, tmp_path):
    """Return the path of a copy of ``good_backup`` with its manifest, which a test can damage."""
    for path in good_backup.parent.iterdir():
        shutil.copy(path, tmp_path)
    return tmp_path / good_backup.name


def manifest_of(path):
    return Path(f"{path}.manifest.json")


def change_manifest(path, change):
    manifest = json.loads(manifest_of(path).read_text())
    change(manifest)
    manifest_of(path).write_text(json.dumps(manifest))


def refusal_message(site, path):
    """Assert that ``verify_backup`` refuses the backup at ``path``; return its message."""
    done = manage(site, "verify_backup", path)
    assert done.returncode != 0, done.stdout
    assert done.stderr.startswith("CommandError: ")
    return done.stderr


def actor_table(manifest):
    return next(table for name, table in manifest["tables"].items() if name.split(".")[-1] == "actor")


def test_verification_restores_backup_and_compares_its_rows(site, good_backup):
    done = manage(site, "verify_backup", good_backup)
    assert done.returncode == 0, done.stderr
    manifest = json.loads(manifest_of(good_backup).read_text())
    assert actor_table(manifest)["rows"] > 250
    rows = sum(table["rows"] for table in manifest["tables"].values())
    assert done.stdout.startswith(f"Restored {len(manifest['tables'])} tables with {rows} rows.\nThey match the")


def test_backup_is_readable_by_owner_only(good_backup):
    assert [path.stat().st_mode & 0o077 for path in good_backup.parent.iterdir()] == [0, 0]
    assert {path.name for path in good_backup.parent.iterdir()} == {"site.dump", "site.dump.manifest.json"}


def test_backup_to_standard_output_can_be_verified(site, tmp_path):
    done = manage(site, "backup", "-", binary=True)
    path = tmp_path / "piped"
    path.write_bytes(done.stdout)
    manifest_of(path).write_bytes(done.stderr)
    assert manage(site, "verify_backup", path).stdout.count("They match the manifest") == 1


@pytest.mark.parametrize("manifest", [True, False], ids=["with manifest", "without manifest"])
@pytest.mark.parametrize("part", [0.02, 0.5, 0.98])
def test_truncated_archive_is_refused(site, copy, part, manifest):
    copy.write_bytes(copy.read_bytes()[: int(copy.stat().st_size * part)])
    if not manifest:
        manifest_of(copy).unlink()
    refusal_message(site, copy)


def test_flipped_bit_is_detected_by_the_checksum(site, copy):
    content = bytearray(copy.read_bytes())
    content[len(content) // 2] ^= 1
    copy.write_bytes(content)
    assert "Its SHA-256 checksum differs" in refusal_message(site, copy)


@postgresql
def test_flipped_bit_in_rows_is_detected_without_manifest(site, copy):
    content = bytearray(copy.read_bytes())
    # The table of contents comes first; most of the archive is the compressed rows.
    content[int(len(content) * 0.8)] ^= 1
    copy.write_bytes(content)
    manifest_of(copy).unlink()
    assert "The restore failed" in refusal_message(site, copy)


@postgresql
def test_backup_with_client_newer_than_server_succeeds(site, tmp_path):
    """The client in the image is newer than most servers."""
    path = tmp_path / "site.dump"
    for command in ("backup", "verify_backup"):
        done = manage(site, command, path, PATH=f"{newest_client()}:{os.environ['PATH']}")
        assert done.returncode == 0, done.stderr
    assert json.loads(manifest_of(path).read_text())["pg_dump"] >= 18


@postgresql
def test_archive_of_a_newer_pg_dump_is_refused(site, copy):
    content = bytearray(copy.read_bytes())
    assert content[:5] == b"PGDMP"
    content[6] += 50  # the minor version of the format
    copy.write_bytes(content)
    change_manifest(copy, lambda manifest: manifest.update(sha256=__import__("hashlib").sha256(content).hexdigest()))
    assert "unsupported version" in refusal_message(site, copy)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table.update(rows=table["rows"] + 1), "rows, but the manifest says"),
        (lambda table: table.update(checksum="1"), "but their contents differ"),
    ],
)
def test_missing_or_changed_rows_are_detected(site, copy, change, message):
    change_manifest(copy, lambda manifest: change(actor_table(manifest)))
    assert message in refusal_message(site, copy)


def test_missing_table_is_detected(site, copy):
    change_manifest(copy, lambda manifest: manifest["tables"].update(lost={"rows": 1, "checksum": "1"}))
    assert "lost: missing" in refusal_message(site, copy)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2}'])
def test_invalid_manifest_is_refused(site, copy, text):
    manifest_of(copy).write_text(text)
    assert "manifest" in refusal_message(site, copy)


def test_archive_without_manifest_is_restored_but_not_compared(site, copy):
    """Archives of `heroku pg:backups:download` have no manifest."""
    manifest_of(copy).unlink()
    done = manage(site, "verify_backup", copy)
    assert done.returncode == 0, done.stderr
    assert "The archive can be restored. Without " in done.stdout
    assert "missing or changed rows cannot be detected" in done.stdout


@pytest.mark.parametrize("content", [b"", b"hello", b"PGDMP", b"SQLite format 3\0"])
def test_file_that_is_not_an_archive_is_refused(site, tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    # A site on SQLite has no PostgreSQL server on which the archive could be restored.
    message = "was not checked" if content == b"PGDMP" and DATABASE == "sqlite" else "is not a valid backup"
    assert message in refusal_message(site, path)


@postgresql
def test_restore_command_of_the_guide_restores_all_actors(site, good_backup):
    guide = (settings.BASE_DIR / "docs/how-to/back-up-and-restore.md").read_text(encoding="utf-8")
    (command,) = re.findall(r'^ *(pg_restore .* --dbname="\$NEW_URL" site.dump)$', guide, re.MULTILINE)
    with scratch_database() as url, cursor_of(url) as cursor:
        environment = {"PATH": f"{binaries()}:{os.environ['PATH']}", "NEW_URL": url}
        done = subprocess.run(
            ["sh", "-c", command], cwd=good_backup.parent, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        cursor.execute("SELECT count(*) FROM actor")
        assert cursor.fetchone()[0] == actor_table(json.loads(manifest_of(good_backup).read_text()))["rows"]
        assert manage(url, "migrate", "--check").returncode == 0


@postgresql
def test_archive_of_another_application_is_refused(site, tmp_path):
    with scratch_database() as url:
        with cursor_of(url) as cursor:
            cursor.execute("CREATE TABLE parcel AS SELECT 1 AS id")
        path = tmp_path / "other.dump"
        assert manage(url, "backup", path).returncode == 0
        assert "the table actor is missing." in refusal_message(site, path)


@postgresql
def test_backup_during_writes_matches_its_manifest(site, tmp_path):
    """The archive and the manifest are read from one snapshot, while another session writes."""
    with migrated_database() as url, cursor_of(url) as cursor:
        script = tmp_path / "script"
        line = "INSERT INTO actor (first_name, last_name) SELECT 'A', repeat('B', 40) FROM generate_series(1, 20);\n"
        script.write_text(line * 20_000)
        writer = subprocess.Popen([binaries() / "psql", "-q", "-d", url, "-f", script], stdout=subprocess.DEVNULL)
        path = tmp_path / "busy.dump"
        try:
            assert manage(url, "backup", path).returncode == 0
            assert writer.poll() is None
            cursor.execute("SELECT count(*) FROM actor")
            after = cursor.fetchone()[0]
        finally:
            writer.kill()
            writer.wait()
        assert 0 < actor_table(json.loads(manifest_of(path).read_text()))["rows"] < after
        done = manage(url, "verify_backup", path)
        assert done.returncode == 0, done.stderr


@postgresql
def test_verification_removes_its_temporary_database(site, good_backup, copy):
    copy.write_bytes(copy.read_bytes()[:5000])
    manifest_of(copy).unlink()
    manage(site, "verify_backup", good_backup)
    refusal_message(site, copy)
    with cursor_of(site) as cursor:
        cursor.execute("SELECT count(*) FROM pg_database WHERE datname LIKE 'actorsite_verify%'")
        assert cursor.fetchone()[0] == 0


@postgresql
def test_verification_without_createdb_suggests_server_option(site, good_backup):
    with cursor_of(site) as cursor:
        cursor.execute("CREATE ROLE only_reads LOGIN")
        try:
            limited = site.replace("postgres@", "only_reads@")
            done = manage(limited, "verify_backup", good_backup)
            assert (
                done.returncode != 0
                and "was not checked. This account cannot create a temporary database" in done.stderr
            )
            assert "Use --server" in done.stderr and "not a valid backup" not in done.stderr
            assert manage(limited, "verify_backup", good_backup, f"--server={site}").returncode == 0
        finally:
            cursor.execute("DROP ROLE only_reads")


@pytest.mark.only_sqlite
def test_sqlite_backup_excludes_uncommitted_writes(site, tmp_path):
    """The online backup runs while another connection has an uncommitted write."""
    with sqlite3.connect(site.removeprefix("sqlite:///")) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("INSERT INTO auth_group (name) VALUES ('half done')")
        path = tmp_path / "site.sqlite3"
        done = manage(site, "backup", path)
        other.rollback()
    assert done.returncode == 0, done.stderr
    assert manage(site, "verify_backup", path).returncode == 0
    assert b"half done" not in path.read_bytes()


def test_failing_backup_leaves_no_files(tmp_path):
    done = manage("postgres://nobody@127.0.0.1:1/none?sslmode=disable", "backup", tmp_path / "new")
    assert done.returncode != 0 and "The database server cannot be reached" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("file", "reason"), [("", "is a directory. Name a file in it."), ("none/new", "does not exist.")]
)
def test_backup_to_invalid_path_fails_before_dumping(tmp_path, file, reason):
    folder = tmp_path / "folder"
    folder.mkdir()
    done = manage("postgres://nobody@127.0.0.1:1/none?sslmode=disable", "backup", folder / file)
    assert done.returncode != 0 and done.stderr.startswith("CommandError: ") and reason in done.stderr
    assert list(tmp_path.rglob("*")) == [folder]


@pytest.mark.once
@pytest.mark.parametrize("step", [0, 1, 2])
def test_interrupted_backup_leaves_no_mismatched_manifest(tmp_path, monkeypatch, step):
    path, renamed, replace = tmp_path / "site.dump", [], Path.replace

    def dump(content, to):
        to.write_text(content)
        return {"content": content, "tables": {}, "size": len(content)}

    def cut_off(part, to):
        if len(renamed) == step:
            raise KeyboardInterrupt
        renamed.append(to)
        return replace(part, to)

    monkeypatch.setattr(archives, "dump", partial(dump, "old"))
    Command().write(path)
    monkeypatch.setattr(archives, "dump", partial(dump, "new"))
    monkeypatch.setattr(Path, "replace", cut_off)
    with pytest.raises(KeyboardInterrupt) if step < 2 else nullcontext():
        Command().write(path)
    assert path.read_text() == ("new" if step else "old")
    assert {name.name for name in tmp_path.iterdir()} <= {path.name, manifest_of(path).name}
    assert manifest_of(path).exists() or step < 2
    if manifest_of(path).exists():
        assert json.loads(manifest_of(path).read_text())["content"] == path.read_text()
