"""Load tests with wrk, by default over one connection."""

import http.client
import json
import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

# Variables set before this script: `paths`, a file with one path per line; `number`, the number of the next request;
# `numbered`, whether that number is appended to each path.
_REQUESTS = """
local all = {}
init = function()
  for path in io.lines(paths) do all[#all + 1] = path end
end
request = function()
  local path = all[number % #all + 1]
  if numbered then path = path .. number end
  number = number + 1
  return wrk.format("GET", path)
end
"""
# Latencies are in microseconds. wrk counts statuses of 400 and above as errors.
_DONE = """
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format('\\n{"requests": %d, "seconds": %f, "errors": %d, "p50": %f, "p95": %f, "p99": %f}\\n',
    summary.requests, summary.duration / 1e6, errors.connect + errors.read + errors.write + errors.status
    + errors.timeout, latency:percentile(50) / 1e3, latency:percentile(95) / 1e3, latency:percentile(99) / 1e3))
end
"""
# A parameter that the site ignores. Its page cache stores no page under a URL that is not canonical.
NUMBER = "unique"
# wrk builds one request that it does not send, and each connection has one in flight at the end.
IN_FLIGHT = 2


class MeasurementError(RuntimeError):
    """A measurement failed or is not possible; the message gives the reason."""


@dataclass(frozen=True)
class Request:
    """Requests to a server: ``paths`` in turn, with ``headers``; each response must have ``status``.

    With ``unique``, each request has a unique number in its URL, so that no
    cache of URLs can respond to it. With ``once``, no path is requested twice;
    too few paths are an error.
    """

    paths: tuple[str, ...]
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200
    unique: bool = False
    once: bool = False

    @property
    def bases(self) -> list[str]:
        """The paths; with ``unique``, up to the number."""
        return (
            [f"{path}{'&' if '?' in path else '?'}{NUMBER}=" for path in self.paths] if self.unique else [*self.paths]
        )

    def path(self, number: int) -> str:
        """Return the path of the request with this ``number``."""
        base = self.bases[number % len(self.paths)]
        return f"{base}{number}" if self.unique else base


@dataclass(frozen=True)
class Figures:
    """The figures of one period of load: requests per second, latencies in milliseconds, and the number of requests."""

    rate: float
    p50: float
    p95: float
    p99: float
    requests: int = 1

    @classmethod
    def of(cls, times: list[float], seconds: float) -> "Figures":
        """Return the figures of sequential requests that took ``times`` each, in seconds, and ``seconds`` together."""
        times = sorted(times)
        p50, p95, p99 = (times[min(len(times) - 1, len(times) * part // 100)] * 1_000 for part in (50, 95, 99))
        return cls(len(times) / seconds, p50, p95, p99, len(times))


def need_wrk() -> None:
    """Install wrk by apt-get if it is missing and this process is root. Raises MeasurementError if there is no wrk."""
    if shutil.which("wrk"):
        return
    if os.getuid() == 0 and shutil.which("apt-get"):
        print("Installing wrk by apt-get.", flush=True)
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        subprocess.run(["apt-get", "install", "-qq", "-y", "--no-install-recommends", "wrk"], check=False)
    if not shutil.which("wrk"):
        raise MeasurementError("wrk is not installed. Install it, on Debian with: apt-get install wrk")


def run(url: str, request: Request, seconds: float, connections: int = 1, start: int = 0) -> Figures:
    """Load the server at ``url`` for ``seconds``, from the request with the number ``start`` on; return the figures.

    Raises MeasurementError if a response is not the expected one.
    """
    alone = time_request(url, request, start)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        paths, script = Path(folder, "paths"), Path(folder, "script.lua")
        paths.write_text("".join(f"{path}\n" for path in request.bases), encoding="utf-8")
        variables = f'local paths, number, numbered = "{paths}", {start + 1}, {str(request.unique).lower()}'
        script.write_text(f"{variables}\n{_REQUESTS}{_DONE}", encoding="utf-8")
        command = ["wrk", "-t1", f"-c{connections}", f"-d{_duration(seconds)}", "--timeout", "30s", "-s", script]
        for name, value in request.headers.items():
            command += ["-H", f"{name}: {value}"]
        done = subprocess.run([*command, url], capture_output=True, text=True, check=False)
    if done.returncode:
        raise MeasurementError(f"wrk failed at {url}: {done.stdout}{done.stderr}")
    figures = json.loads(done.stdout.strip().splitlines()[-1])
    errors, requests = figures["errors"], figures["requests"]
    if errors:
        raise MeasurementError(f"{url}{request.paths[0]}: {errors} of {requests} responses were errors.")
    asked = 1 + requests + IN_FLIGHT * connections
    if request.once and start + asked > len(request.paths):
        raise MeasurementError(
            f"{url}: all {len(request.paths):,} pages were requested, some of them twice. More pages are needed."
        )
    if not requests:
        # No response arrived in time: one takes longer than ``seconds``.
        return Figures.of([alone], alone)
    return Figures(requests / figures["seconds"], figures["p50"], figures["p95"], figures["p99"], asked)


def _duration(seconds):
    # wrk accepts only whole seconds.
    return f"{max(1, round(seconds))}s"


def get(url: str, path: str, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str], bytes]:
    """Return (status, headers, body) of one request."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    try:
        connection.request("GET", path, headers=headers or {})
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()
    finally:
        connection.close()


def time_request(url: str, request: Request, number: int = 0) -> float:
    """Return the seconds that the request with this ``number`` takes. Raises MeasurementError for another status."""
    path = request.path(number)
    start = time.perf_counter()
    status, _, body = get(url, path, request.headers)
    seconds = time.perf_counter() - start
    if status != request.status:
        raise MeasurementError(f"{url}{path}: got {status}, expected {request.status}. {body[:200]!r}")
    return seconds
