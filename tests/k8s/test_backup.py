"""The Jobs for backup and restore: run the commands of their containers in order, on a real database."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from tests.database import cursor_of
from tests.environment import MEASURED
from tests.k8s.kustomize import named, objects
from tests.postgres import newest_client
from tests.server import migrated_database

# Run in one process with tests/actorsite/backup/test_archives.py, which counts the databases that verifications leave.
pytestmark = [pytest.mark.postgresql, pytest.mark.xdist_group("verify")]


class Pods:
    """Runner of the containers of a CronJob's pod, with ``folder`` as /backups."""

    def __init__(self, url, folder):
        self.folder = folder
        self.rendered = objects("components/backup")
        self.environment = {
            # `python` is this interpreter; pg_dump may be newer than the server, as in the image.
            "PATH": f"{Path(sys.executable).parent}:{newest_client()}:{os.environ['PATH']}",
            "ALLOWED_HOSTS": "localhost",
            "SECRET_KEY": settings.SECRET_KEY,
            "DATABASE_URL": url,
            **MEASURED,
        }

    def steps(self, name):
        pod = named(self.rendered, "CronJob", name)["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        return pod["initContainers"] + pod["containers"]

    def run(self, name, between=lambda step: None, **variables):
        """Run the containers; return (whether all succeed, their output). Call ``between`` after each one."""
        output = ""
        for step in self.steps(name):
            done = subprocess.run(
                [argument.replace("/backups", str(self.folder)) for argument in step["args"]],
                cwd=settings.BASE_DIR,
                env=self.environment | variables,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=120,
            )
            output += done.stdout
            if done.returncode:
                return False, output
            between(step["name"])
        return True, output

    def kept(self):
        return sorted(path.name for path in self.folder.glob("actorsite-*"))


@pytest.fixture(scope="module")
def url():
    with migrated_database(["actors", "films"]) as url:
        yield url


@pytest.fixture
def pods(url, tmp_path):
    return Pods(url, tmp_path)


def actors(url):
    """Return the number of actors and a checksum of their last names."""
    with cursor_of(url) as cursor:
        cursor.execute("SELECT count(*), sum(hashtext(last_name)) FROM actor")
        return cursor.fetchone()


def damage(url):
    with cursor_of(url) as cursor:
        cursor.execute("UPDATE actor SET last_name = 'Lost' WHERE actor_id % 3 = 0")


def test_dump_is_kept_after_its_verification(pods):
    succeeded, output = pods.run("backup")
    assert succeeded, output
    archive, manifest = pods.kept()
    assert manifest == f"{archive}.manifest.json"
    assert not list(pods.folder.glob("new*"))


@pytest.mark.parametrize(
    "corrupt", [lambda data: data[:-100], lambda data: data[:500] + b"x" + data[501:], lambda data: b""]
)
def test_damaged_dump_fails_the_job_and_is_not_kept(pods, corrupt):
    def between(step):
        if step == "dump":
            dump = pods.folder / "new.dump"
            dump.write_bytes(corrupt(dump.read_bytes()))

    succeeded, output = pods.run("backup", between)
    assert not succeeded
    assert "not a valid backup" in output
    assert pods.kept() == []


def test_old_backups_are_deleted_when_a_new_one_is_kept(pods):
    old, recent = (pods.folder / f"actorsite-{name}.dump" for name in ("20200101T000000Z", "20200202T000000Z"))
    for path in (old, recent):
        path.touch()
    os.utime(old, (0, 0))
    assert pods.run("backup")[0]
    assert old.name not in pods.kept()
    assert recent.name in pods.kept()


def test_restore_undoes_damage_and_later_changes(pods, url):
    before = actors(url)
    assert pods.run("backup")[0]
    damage(url)
    with cursor_of(url) as cursor:
        cursor.execute("CREATE TABLE created_later (id integer)")
    assert actors(url) != before
    succeeded, output = pods.run("restore")
    assert succeeded, output
    assert actors(url) == before
    with cursor_of(url) as cursor:
        cursor.execute("SELECT to_regclass('created_later')")
        assert cursor.fetchone() == (None,)
    assert not (pods.folder / "restore.sql").exists()


def test_restore_uses_newest_or_named_backup(pods, url):
    assert pods.run("backup")[0]
    older = pods.folder / "actorsite-20200101T000000Z.dump"
    for path in list(pods.folder.iterdir()):
        path.rename(older if path.suffix == ".dump" else f"{older}.manifest.json")
    before = actors(url)
    damage(url)
    assert pods.run("backup")[0]
    damaged = actors(url)
    assert pods.run("restore")[0]
    assert actors(url) == damaged
    assert pods.run("restore", BACKUP=str(older))[0]
    assert actors(url) == before


def test_failed_restore_changes_nothing(pods, url):
    assert pods.run("backup")[0]
    damage(url)
    damaged = actors(url)
    (archive,) = pods.folder.glob("*.dump")
    whole = archive.read_bytes()

    def between(step):
        if step == "verify":
            archive.write_bytes(whole[: len(whole) // 2])

    assert not pods.run("restore", between)[0]
    assert actors(url) == damaged
    archive.write_bytes(whole)
    assert pods.run("restore")[0]


def test_restore_without_backup_changes_nothing(pods, url):
    before = actors(url)
    assert not pods.run("restore")[0]
    assert actors(url) == before
