"""Storage of static files: whitenoise's, with cached addresses."""

from typing import Any

from whitenoise.storage import CompressedManifestStaticFilesStorage


class CachedManifestStorage(CompressedManifestStaticFilesStorage):
    """Manifest storage that computes each address once.

    File names contain a hash of their content, from a manifest that each process reads
    once; so addresses do not change while it runs. A page of the admin needs about
    thirty of them, and computing one parses and joins a URL.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._addresses: dict[tuple[str, bool], str] = {}

    def url(self, name: str, force: bool = False) -> str:
        """Return the address of the file ``name``. Raises ValueError if it is not in the manifest."""
        if (name, force) not in self._addresses:
            self._addresses[name, force] = super().url(name, force)
        return self._addresses[name, force]
