"""A load generator that acts like a gateway: round robin over all endpoints, with keep-alive connections.

Each thread keeps one connection to each address. A connection to an address
that is no longer an endpoint is closed. No request is retried, so each failed
request is reported. This file uses only the standard library, because on a cluster
it runs on its own in a pod (cluster.py).
"""

import collections
import http.client
import json
import os
import sys
import threading
import time

Failure = collections.namedtuple("Failure", "at address path reason")


class Traffic:
    """Context manager that sends requests while its block runs.

    ``endpoints`` is a function that returns the current (address, port) pairs.
    ``rate`` is the maximum of requests per second of all threads together.
    ``paths`` are requested in turn. A request succeeds if status 200 and the
    whole body arrive within ``timeout`` seconds. ``keep`` is called with each body.
    """

    def __init__(self, endpoints, paths=("/",), headers=(), threads=8, rate=200, timeout=10, keep=None):
        self.endpoints, self.paths, self.headers = endpoints, paths, dict(headers)
        self.rate, self.timeout = rate, timeout
        self.keep = keep
        self.requests = 0
        self.by_address = collections.Counter()
        self.failures = []
        self.waits = 0  # number of times without an endpoint
        self.lock = threading.Lock()
        self.stop = threading.Event()
        self.turn = 0
        self.due = time.monotonic()
        self.threads = [threading.Thread(target=self._work, daemon=True) for _ in range(threads)]

    def __enter__(self):
        self.began = self.due = time.monotonic()
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()
        self.lasted = time.monotonic() - self.began

    def _next(self):
        """Return (number of the next request, time at which it is due)."""
        with self.lock:
            self.turn += 1
            # Delayed requests are not sent in a burst later: that would be a different load.
            self.due = max(self.due + 1 / self.rate, time.monotonic() - 0.1)
            return self.turn, self.due

    def _work(self):
        connections = {}
        while not self.stop.is_set():
            turn, due = self._next()
            if self.stop.wait(max(due - time.monotonic(), 0)):
                break
            endpoints = self.endpoints()
            for address in connections.keys() - set(endpoints):
                connections.pop(address).close()
            if not endpoints:
                with self.lock:
                    self.waits += 1
                continue
            self._request(connections, endpoints[turn % len(endpoints)], self.paths[turn % len(self.paths)])
        for connection in connections.values():
            connection.close()

    def _request(self, connections, address, path):
        connection = connections.get(address)
        reused = connection is not None
        if connection is None:
            connection = connections[address] = http.client.HTTPConnection(*address, timeout=self.timeout)
        reason = None
        try:
            connection.request("GET", path, headers=self.headers)
            response = connection.getresponse()
            body = response.read()
            if response.status != 200 or not body:
                reason = f"{response.status}, {len(body)} bytes"
            elif self.keep:
                self.keep(body)
            if response.will_close:
                connections.pop(address).close()
        except (OSError, http.client.HTTPException) as error:
            reason = f"{type(error).__name__}: {error} ({'reused' if reused else 'new'} connection)"
            connections.pop(address).close()
        with self.lock:
            self.requests += 1
            self.by_address[address[0]] += 1
            if reason:
                self.failures.append(Failure(time.monotonic(), address[0], path, reason))

    def until(self, requests, timeout=600):
        """Wait until ``requests`` requests were sent. Raises TimeoutError after ``timeout`` seconds."""
        end = time.monotonic() + timeout
        while self.requests < requests:
            if time.monotonic() > end:
                raise TimeoutError(f"{self.requests} of {requests} requests")
            time.sleep(0.1)

    def report(self):
        """Return the numbers of requests and failures, and the most common reasons, as text."""
        reasons = collections.Counter(failure.reason for failure in self.failures)
        return f"{self.requests} requests, {len(self.failures)} failed: {dict(reasons.most_common(5))}"


def main():
    """Send load to TARGET (host:port) until a line arrives on standard input; print the results as lines of JSON."""
    host, _, port = os.environ["TARGET"].rpartition(":")
    options = json.loads(os.environ["OPTIONS"])
    bodies = []
    if options.pop("keep_bodies"):
        options["keep"] = lambda body: bodies.append(body.decode())
    stop = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.readline(), stop.set()), daemon=True).start()
    with Traffic(lambda: [(host, int(port))], **options) as traffic:
        while not stop.wait(0.5):
            _print(traffic, bodies)
    _print(traffic, bodies)


def _print(traffic, bodies):
    new, bodies[:] = list(bodies), []
    print(json.dumps({"requests": traffic.requests, "failures": traffic.failures, "bodies": new}), flush=True)


if __name__ == "__main__":
    main()
