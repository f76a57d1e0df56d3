"""The subjects: at each size of the table, which request goes to which server."""

import json
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from bench import admin, databases, goals, load, searches, servers
from bench.load import Request
from tests.server import ROOT, environment

PAGE = 50  # rows
PLAIN = Request(("/",))
DATASETTE = Request((f"/copy/actor?_sort=sort_last&_size={PAGE}",))
# Below this size every word is rare.
SEARCHABLE = 20_000
# Different pages, each requested once per run: more than a run can request.
LISTS, ACTORS = 20_000, 50_000


@dataclass(frozen=True)
class Subject:
    """One line of the report: ``name`` at ``rows`` rows, measured by sending ``request`` to ``url``."""

    name: str
    rows: int
    url: str
    request: Request

    def measure(self, seconds: float, start: int = 0) -> load.Figures:
        """Load the server for ``seconds``, starting with request number ``start``. Raises load.MeasurementError."""
        return load.run(self.url, self.request, seconds, start=start)

    def sample(self, seconds: float) -> load.Figures:
        """Send a few requests without wrk, to check the benchmark; return the figures. Raises load.MeasurementError."""
        times, begun = [], time.monotonic()
        while not times or time.monotonic() < begun + seconds:
            times.append(load.time_request(self.url, self.request, len(times)))
        return load.Figures.of(times, time.monotonic() - begun)


class Servers(ExitStack):
    """The running servers of one size. ``subjects`` lists what to measure."""

    def __init__(self, rows: int, database_url: str):
        super().__init__()
        self.rows = rows
        self.database_url = database_url
        self.subjects = []

    def add(self, name, url, request):
        """Add a subject."""
        self.subjects.append(Subject(name, self.rows, url, request))

    def start_peers(self):
        """Start the limits and peers, and add their subjects."""
        for name in servers.WSGI_PEERS:
            url = self.enter_context(servers.wsgi_peer(name, self.database_url))
            self.add(name, url, PLAIN)
            if name == goals.STOCK and self.rows >= SEARCHABLE:
                pages = self.rows // PAGE
                self.add("stock Django, a page in the middle", url, Request((f"/?page={pages // 2}",)))
                self.add("stock Django, search", url, Request(("/?q=zelda",)))
        copy = Path(self.enter_context(tempfile.TemporaryDirectory(prefix="bench-"))) / "copy.sqlite3"
        databases.copy_to_sqlite(self.database_url, copy)
        self.add("datasette", self.enter_context(servers.datasette(copy)), DATASETTE)

    def start_site(self):
        """Start the site, and add its subjects."""
        url = self.enter_context(servers.serve_site(self.database_url)).url
        pages = urls(self.database_url, LISTS, ACTORS)
        self.add(goals.LIST, url, PLAIN)
        self.add(goals.UNCHANGED, url, not_modified(url))
        self.add(goals.UNCACHED, url, Request(("/",), unique=True))
        self.add(goals.JSON, url, Request(("/actors.json",), unique=True))
        self.add(goals.MIDDLE, url, Request((pages["middle"],), unique=True))
        self.add(goals.LAST, url, Request((pages["last"],), unique=True))
        # In a large table each page is requested once, as crawlers do: it is rendered, cached, and not requested again.
        many = self.rows >= SEARCHABLE
        self.add(goals.ACTOR, url, Request(tuple(pages["actors"]), unique=not many, once=many))
        if many:
            self.add(goals.DIFFERENT, url, Request(tuple(pages["lists"]), once=True))
            self.search(url)

    def search(self, url: str, most: int = searches.SEARCHED):
        """Add searches for at most ``most`` words of each kind, limit 4 for each kind, and the admin's lists."""
        words = searches.search_words(self.database_url, most)
        requests = searches.requests_for(words)
        limit = self.enter_context(closing(searches.Limit4(self.database_url, requests)))
        for kind, request in requests.items():
            self.subjects.append(searches.Statements(goals.limit_4(kind), self.rows, limit, kind))
            self.add(goals.search(kind), url, request)
        for name, request in admin.requests(self.database_url, words["a rare word"]).items():
            self.add(name, url, request)


def not_modified(url: str) -> Request:
    """Return a conditional request for the list, whose response must be 304."""
    _, headers, _ = load.get(url, "/")
    return Request(("/",), {"If-None-Match": headers["ETag"]}, status=304)


def urls(database_url: str, lists: int, actors: int) -> dict:
    """Return the URLs of pages; see bench.page_urls."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.page_urls", str(lists), str(actors)],
        cwd=ROOT,
        env=environment(DATABASE_URL=database_url),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise load.MeasurementError(f"Cannot list the URLs of pages: {done.stderr}")
    return json.loads(done.stdout)
