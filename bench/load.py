"""Load on a server, by wrk: over one connection unless said, for a time, then what came back."""

import http.client
import json
import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_CYCLE = """
local requests, number = {}, 0
init = function()
  for number, path in ipairs(paths) do requests[number] = wrk.format("GET", path) end
end
request = function()
  number = number % #requests + 1
  return requests[number]
end
"""
# Latencies are in microseconds. Statuses from 400 on are errors to wrk.
_DONE = """
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format('\\n{"requests": %d, "seconds": %f, "errors": %d, "p50": %f, "p99": %f}\\n',
    summary.requests, summary.duration / 1e6, errors.connect + errors.read + errors.write + errors.status
    + errors.timeout, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
"""


class Unfit(RuntimeError):
    """What cannot be measured here, and why."""


@dataclass(frozen=True)
class Request:
    """What is asked of a server: ``paths`` in turn, with ``headers``; the answer has ``status``."""

    paths: tuple[str, ...]
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200


@dataclass(frozen=True)
class Answer:
    """Of one time of load: requests a second, and latencies in milliseconds."""

    rate: float
    p50: float
    p99: float


def need_wrk() -> None:
    """See that there is wrk, by apt where it may be installed. Raises Unfit."""
    if shutil.which("wrk"):
        return
    if os.getuid() == 0 and shutil.which("apt-get"):
        print("Installing wrk by apt-get.", flush=True)
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        subprocess.run(["apt-get", "install", "-qq", "-y", "--no-install-recommends", "wrk"], check=False)
    if not shutil.which("wrk"):
        raise Unfit("There is no wrk, which makes the load. Install it, on Debian by: apt-get install wrk")


def run(url: str, request: Request, seconds: float, connections: int = 1) -> Answer:
    """Load the server at ``url`` for ``seconds``. Raises Unfit where it answers otherwise than it should."""
    alone = check(url, request)
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        if len(request.paths) > 1:
            quoted = ", ".join(f'"{path}"' for path in request.paths)
            script.write(f"local paths = {{{quoted}}}\n{_CYCLE}")
        script.write(_DONE)
        script.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{_duration(seconds)}", "--timeout", "30s", "-s", script.name]
        for name, value in request.headers.items():
            command += ["-H", f"{name}: {value}"]
        done = subprocess.run([*command, url + request.paths[0]], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unfit(f"wrk failed at {url}: {done.stdout}{done.stderr}")
    figures = json.loads(done.stdout.strip().splitlines()[-1])
    if figures["errors"]:
        raise Unfit(f"{url}{request.paths[0]}: {figures['errors']} of {figures['requests']} answers were errors.")
    if not figures["requests"]:
        # Nothing came within the time: one answer takes longer than that.
        return Answer(1 / alone, alone * 1_000, alone * 1_000)
    return Answer(figures["requests"] / figures["seconds"], figures["p50"], figures["p99"])


def _duration(seconds):
    # wrk takes whole seconds only.
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


def check(url: str, request: Request) -> float:
    """See that the first of the requests is answered as it should be; return the seconds it took. Raises Unfit."""
    start = time.perf_counter()
    status, _, body = get(url, request.paths[0], request.headers)
    if status != request.status:
        raise Unfit(f"{url}{request.paths[0]}: {status} in place of {request.status}. {body[:200]!r}")
    return time.perf_counter() - start
