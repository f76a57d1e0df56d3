"""Searches for words of each kind, and limit 4: the SQL statements of these searches, run by psycopg2 in a loop."""

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from urllib.parse import quote

import psycopg2

from bench import databases, load
from tests.server import ROOT, environment, site

# The largest number of words of each kind. There are fewer letters, but each request has a unique URL.
SEARCHED = 1_000


def search_words(database_url: str, most: int = SEARCHED) -> dict[str, list[str]]:
    """Return at most ``most`` words to search for, of each kind in goals.SEARCHES."""
    counted = (
        "SELECT word FROM (SELECT lower(last_name) AS word, count(*) AS found FROM actor GROUP BY 1) AS words "
        "WHERE found BETWEEN {} AND {} AND length(word) > 5 AND word !~ '\\W' ORDER BY md5(word) LIMIT {}"
    )
    rows = databases.query(database_url, "SELECT count(*) FROM actor")[0][0]
    begin = (
        "SELECT left(lower(last_name), {}) FROM actor WHERE actor_id % {} = 0 GROUP BY 1 ORDER BY md5(min(last_name)) "
        "LIMIT {}"
    )

    def words(statement, *values):
        return [word for (word,) in databases.query(database_url, statement.format(*values, most))]

    nobody = product("bdfghjkz", "kqwxz", "bdfghjkz", "kqwxz")
    return {
        "a rare word": words(counted, 1, 20),
        "a common word": words(counted, max(1, rows // 5_000), max(5, rows // 500)),
        "one letter": words(begin, 1, max(1, rows // 1_000)),
        "two letters": words(begin, 2, max(1, rows // 1_000)),
        "nothing found": [f"xq{''.join(letters)}v" for letters in nobody][:most],
    }


def requests_for(words: dict[str, list[str]]) -> dict[str, load.Request]:
    """Return the requests to the site for the words of each kind."""
    return {
        kind: load.Request(tuple(f"/?q={quote(word)}" for word in some), unique=True) for kind, some in words.items()
    }


class Limit4:
    """SQL statements of the site's searches, run in a session with the site's settings."""

    def __init__(self, database_url: str, requests: dict[str, load.Request]):
        """Capture the statements of ``requests`` by bench.statements. Raises load.MeasurementError if that fails."""
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            asked, found = Path(folder, "asked.json"), Path(folder, "found.json")
            urls = {
                kind: [f"{base}{number}" for number, base in enumerate(one.bases)] for kind, one in requests.items()
            }
            asked.write_text(json.dumps(urls), encoding="utf-8")
            done = subprocess.run(
                [sys.executable, "-m", "bench.statements", asked, found],
                cwd=site(),
                env=environment(DATABASE_URL=database_url, LOG_LEVEL="ERROR", PYTHONPATH=str(ROOT)),
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                raise load.MeasurementError(f"Cannot capture the statements of searches: {done.stderr}")
            captured = json.loads(found.read_text(encoding="utf-8"))
        self.searches = captured["searches"]
        self.connection = psycopg2.connect(database_url)
        self.connection.autocommit = True
        with self.connection.cursor() as cursor:
            for setting in captured["session"].items():
                cursor.execute("SELECT set_config(%s, %s, false)", setting)

    def search(self, kind: str, number: int) -> float:
        """Run the statements of the search with this ``number``; return the seconds. Raises load.MeasurementError."""
        texts = self.searches[kind][number % len(self.searches[kind])]
        start = time.perf_counter()
        try:
            with self.connection.cursor() as cursor:
                for text in texts:
                    cursor.execute(text)
                    if cursor.description:
                        cursor.fetchall()
        except psycopg2.Error as error:
            raise load.MeasurementError(f"A search {kind}: {error}") from error
        return time.perf_counter() - start

    def close(self):
        """Close the database connection."""
        self.connection.close()


@dataclass(frozen=True)
class Statements:
    """One line of the report: limit 4 for searches of a ``kind``, measured in this process."""

    name: str
    rows: int
    limit: Limit4
    kind: str

    def measure(self, seconds: float, start: int = 0) -> load.Figures:
        """Run searches for ``seconds``, from the one with the number ``start`` on; return the figures."""
        times, begun = [], time.monotonic()
        while not times or time.monotonic() < begun + seconds:
            times.append(self.limit.search(self.kind, start + len(times)))
        return load.Figures.of(times, time.monotonic() - begun)

    def sample(self, seconds: float) -> load.Figures:
        """Return the same figures as ``measure``."""
        return self.measure(seconds)
