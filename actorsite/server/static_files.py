"""Storage of static files: whitenoise's, with cached URLs."""

from typing import Any

from whitenoise.storage import CompressedManifestStaticFilesStorage


class CachedManifestStorage(CompressedManifestStaticFilesStorage):
    """Manifest storage that computes each URL once.

    File names contain a hash of their content, from a manifest that each process reads
    once; so URLs do not change while it runs. A page of the admin needs about
    thirty of them, and computing one parses and joins a URL.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._urls: dict[tuple[str, bool], str] = {}

    def url(self, name: str, force: bool = False) -> str:
        """Return the URL of the file ``name``. Raises ValueError if it is not in the manifest."""
        if (name, force) not in self._urls:
            self._urls[name, force] = super().url(name, force)
        return self._urls[name, force]
