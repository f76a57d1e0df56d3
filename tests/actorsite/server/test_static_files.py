"""CachedManifestStorage returns the same URLs as whitenoise's storage, each computed once."""

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


def test_static_urls_equal_those_of_whitenoise(folder):
    ours, stock = (kind(folder, "/static/") for kind in (CachedManifestStorage, CompressedManifestStaticFilesStorage))
    for _again in range(2):
        assert [ours.url(name) for name in NAMES] == [stock.url(name) for name in NAMES]
    assert ours.url("site.css") == "/static/site.0123456789ab.css"


def test_static_url_is_computed_once(folder):
    storage = CachedManifestStorage(folder, "/static/")
    url = storage.url("site.css")
    storage.hashed_files.clear()
    assert storage.url("site.css") == url


def test_url_of_missing_static_file_raises_value_error_each_time(folder):
    storage = CachedManifestStorage(folder, "/static/")
    for _again in range(2):
        with pytest.raises(ValueError, match="Missing staticfiles manifest entry"):
            storage.url("none.css")
