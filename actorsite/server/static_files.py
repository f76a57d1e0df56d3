"""Where the static files are: whitenoise's storage, which remembers the addresses that it has made."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class CachedManifestStorage(CompressedManifestStaticFilesStorage):
    """The files' names carry a hash of what is in them, by a manifest that a process reads once, at its start.

    So an address is the same for as long as the process lives. A page of the
    admin asks for some thirty of them, each of which takes apart and puts
    together again what it was asked for.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._addresses = {}

    def url(self, name, force=False):
        """Return the address of the file ``name``. Raises ValueError for one that is not in the manifest."""
        if (name, force) not in self._addresses:
            self._addresses[name, force] = super().url(name, force)
        return self._addresses[name, force]
