"""Cached pages in this process's memory, limited by their size."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from threading import Lock

# The limit for each worker process, in bytes: enough for several hundred compressed pages.
MAX_STORE_BYTES = 3 * 1024 * 1024
# The memory that a page takes in addition to its body, in bytes: headers, key, objects.
PAGE_OVERHEAD_BYTES = 2_048


@dataclass(frozen=True, slots=True)
class CachedPage:
    """A response as it is sent, rendered from the version ``token`` of the data."""

    token: str
    etag: str
    headers: list[tuple[str, str]]
    body: bytes
    path: str
    view: str

    @property
    def size(self) -> int:
        """The size in memory, in bytes."""
        return len(self.body) + PAGE_OVERHEAD_BYTES


class PageStore:
    """LRU cache of pages, at most ``max_bytes`` in all."""

    def __init__(self, max_bytes: int = MAX_STORE_BYTES) -> None:
        self.pages: OrderedDict[Hashable, CachedPage] = OrderedDict()
        self.max_bytes, self.size, self.lock = max_bytes, 0, Lock()

    def get(self, key: Hashable, token: str) -> CachedPage | None:
        """Return the page of ``key`` if it was rendered from the version ``token``, else None."""
        page = self.pages.get(key)
        if page is None or page.token != token:
            return None
        with self.lock:
            if key in self.pages:
                self.pages.move_to_end(key)
        return page

    def put(self, key: Hashable, page: CachedPage) -> None:
        """Store ``page``; drop the least recently used pages while the store is too large."""
        with self.lock:
            if old := self.pages.pop(key, None):
                self.size -= old.size
            self.pages[key] = page
            self.size += page.size
            while self.size > self.max_bytes:
                self.size -= self.pages.popitem(last=False)[1].size
