"""The addresses of static files are whitenoise's."""

import json

import pytest
from whitenoise.storage import CompressedManifestStaticFilesStorage

from actorsite.server.static_files import CachedManifestStorage

pytestmark = pytest.mark.once

NAMES = ["site.css", "site.css?#iefix", "a/b.svg#part", "a/"]


@pytest.fixture
def folder(tmp_path):
    paths = {"site.css": "site.0123456789ab.css", "a/b.svg": "a/b.ba9876543210.svg"}
    (tmp_path / "staticfiles.json").write_text(json.dumps({"paths": paths, "version": "1.1", "hash": ""}))
    return tmp_path


def test_they_are_what_the_manifest_says(folder):
    ours, stock = (kind(folder, "/static/") for kind in (CachedManifestStorage, CompressedManifestStaticFilesStorage))
    for _again in range(2):
        assert [ours.url(name) for name in NAMES] == [stock.url(name) for name in NAMES]
    assert ours.url("site.css") == "/static/site.0123456789ab.css"


def test_one_is_made_once(folder):
    storage = CachedManifestStorage(folder, "/static/")
    address = storage.url("site.css")
    storage.hashed_files.clear()
    assert storage.url("site.css") == address


def test_a_file_that_is_not_there_is_refused_each_time(folder):
    storage = CachedManifestStorage(folder, "/static/")
    for _again in range(2):
        with pytest.raises(ValueError, match="Missing staticfiles manifest entry"):
            storage.url("none.css")
