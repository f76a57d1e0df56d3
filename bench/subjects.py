"""What is measured: for each size of the table, which request goes to which server."""

import json
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from bench import admin, databases, load, servers
from bench.load import Request
from tests.server import ROOT, environment

PAGE = 50  # rows
PLAIN = Request(("/",))
DATASETTE = Request((f"/copy/actor?_sort=sort_last&_size={PAGE}",))
SEARCHED = 40  # words of each kind
# Below this size every word is rare.
SEARCHABLE = 100_000
STALE = {"CACHE_SECONDS": "1"}
# The site ignores it, and keeps no page under another spelling of its address: it is made anew.
ANEW = "anew=1"


@dataclass(frozen=True)
class Subject:
    """One figure of the table: ``name`` at ``rows``, measured by asking ``url`` for ``request``."""

    name: str
    rows: int
    url: str
    request: Request


class Servers(ExitStack):
    """Everything that is measured at one size, running. ``subjects`` lists what to ask."""

    def __init__(self, rows: int, database_url: str):
        super().__init__()
        self.rows = rows
        self.database_url = database_url
        self.subjects = []

    def add(self, name, url, request):
        self.subjects.append(Subject(name, self.rows, url, request))

    def start_peers(self):
        for name in servers.WSGI_PEERS:
            url = self.enter_context(servers.wsgi_peer(name, self.database_url))
            self.add(name, url, PLAIN)
            if name == "stock Django, connection kept" and self.rows >= SEARCHABLE:
                pages = self.rows // PAGE
                self.add("stock Django, a page in the middle", url, Request((f"/?page={pages // 2}",)))
                self.add("stock Django, search", url, Request(("/?q=zelda",)))
        copy = Path(self.enter_context(tempfile.TemporaryDirectory(prefix="bench-"))) / "copy.sqlite3"
        databases.copy_to_sqlite(self.database_url, copy)
        self.add("datasette", self.enter_context(servers.datasette(copy)), DATASETTE)

    def start_ourselves(self):
        cached = self.enter_context(servers.ourselves(self.database_url)).url
        stale = self.enter_context(servers.ourselves(self.database_url, **STALE)).url
        pages = addresses(self.database_url, 1)
        self.add("list, always fresh", cached, PLAIN)
        self.add("list, 1 s old at most", stale, PLAIN)
        self.add("304, always fresh", cached, not_modified(cached))
        self.add("list rendered anew", cached, Request((f"/?{ANEW}",)))
        self.add("JSON rendered anew", cached, Request((f"/actors.json?{ANEW}",)))
        self.add("middle page rendered anew", cached, Request((f"{pages['middle']}&{ANEW}",)))
        self.add("last page rendered anew", cached, Request((f"{pages['last']}&{ANEW}",)))
        if self.rows >= SEARCHABLE:
            words = search_words(self.database_url)
            for kind, some in words.items():
                self.add(f"search: {kind}", cached, Request(tuple(f"/?q={quote(word)}&{ANEW}" for word in some)))
            for name, request in admin.requests(self.database_url, quote(words["a rare word"][0])).items():
                self.add(name, cached, request)


def not_modified(url: str) -> Request:
    """Return the request of who has the list page already."""
    _, headers, _ = load.get(url, "/")
    return Request(("/",), {"If-None-Match": headers["ETag"]}, status=304)


def addresses(database_url: str, many: int) -> dict:
    """Return the addresses of pages within the list; see bench.tokens."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.tokens", str(many)],
        cwd=ROOT,
        env=environment(DATABASE_URL=database_url),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise load.Unfit(f"No addresses of pages: {done.stderr}")
    return json.loads(done.stdout)


def search_words(database_url: str) -> dict[str, list[str]]:
    """Return words of each kind that the goals name, as they are in the table."""
    counted = (
        "SELECT word FROM (SELECT lower(last_name) AS word, count(*) AS found FROM actor GROUP BY 1) AS words "
        "WHERE found BETWEEN {} AND {} AND length(word) > 5 AND word !~ '\\W' ORDER BY md5(word) LIMIT {}"
    )
    rows = databases.query(database_url, "SELECT count(*) FROM actor")[0][0]
    begin = (
        "SELECT left(lower(last_name), {}) FROM actor WHERE actor_id % 997 = 0 GROUP BY 1 ORDER BY md5(min(last_name)) "
        "LIMIT {}"
    )

    def words(statement, *values):
        return [word for (word,) in databases.query(database_url, statement.format(*values, SEARCHED))]

    return {
        "a rare word": words(counted, 1, 20),
        "a middling word": words(counted, rows // 5_000, rows // 500),
        "one letter": words(begin, 1),
        "two letters": words(begin, 2),
        "nothing found": [f"xq{first}{second}v" for first in "bdfghjkz" for second in "kqwxz"],
    }
