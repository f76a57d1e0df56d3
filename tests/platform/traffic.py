"""Load, as a gateway sends it: requests in turn to every endpoint, over kept connections.

Each thread keeps one connection to each address and takes the addresses in
turn; a connection to an address that is no longer an endpoint is closed. No
request is ever tried again, so each one that fails is seen. Standard library
only: on a cluster this file runs by itself, in a pod (cluster.py).
"""

import collections
import http.client
import json
import os
import sys
import threading
import time

Failure = collections.namedtuple("Failure", "at address path why")


class Traffic:
    """A context manager: load while the block runs.

    ``endpoints`` is a function that returns the (address, port) pairs of this
    moment. ``rate`` is how many requests a second all threads make together
    at most. ``paths`` are requested in turn. A request has failed unless it
    brings status 200 and the whole body within ``timeout``. ``keep`` is called
    with each body.
    """

    def __init__(self, endpoints, paths=("/",), headers=(), threads=8, rate=200, timeout=10, keep=None):
        self.endpoints, self.paths, self.headers = endpoints, paths, dict(headers)
        self.rate, self.timeout = rate, timeout
        self.keep = keep
        self.requests = 0
        self.by_address = collections.Counter()
        self.failures = []
        self.waits = 0  # times at which there was no endpoint
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
        """Return (number of the request, time at which it is due)."""
        with self.lock:
            self.turn += 1
            # Delays are not made up for: a burst would be another kind of load.
            self.due = max(self.due + 1 / self.rate, time.monotonic() - 0.1)
            return self.turn, self.due

    def _work(self):
        kept = {}
        while not self.stop.is_set():
            turn, due = self._next()
            if self.stop.wait(max(due - time.monotonic(), 0)):
                break
            endpoints = self.endpoints()
            for address in kept.keys() - set(endpoints):
                kept.pop(address).close()
            if not endpoints:
                with self.lock:
                    self.waits += 1
                continue
            self._request(kept, endpoints[turn % len(endpoints)], self.paths[turn % len(self.paths)])
        for connection in kept.values():
            connection.close()

    def _request(self, kept, address, path):
        connection = kept.get(address)
        reused = connection is not None
        if connection is None:
            connection = kept[address] = http.client.HTTPConnection(*address, timeout=self.timeout)
        why = None
        try:
            connection.request("GET", path, headers=self.headers)
            response = connection.getresponse()
            body = response.read()
            if response.status != 200 or not body:
                why = f"{response.status}, {len(body)} bytes"
            elif self.keep:
                self.keep(body)
            if response.will_close:
                kept.pop(address).close()
        except (OSError, http.client.HTTPException) as error:
            why = f"{type(error).__name__}: {error} ({'kept' if reused else 'new'} connection)"
            kept.pop(address).close()
        with self.lock:
            self.requests += 1
            self.by_address[address[0]] += 1
            if why:
                self.failures.append(Failure(time.monotonic(), address[0], path, why))

    def until(self, requests, timeout=600):
        """Wait until ``requests`` requests were made. Raises TimeoutError."""
        end = time.monotonic() + timeout
        while self.requests < requests:
            if time.monotonic() > end:
                raise TimeoutError(f"{self.requests} of {requests} requests")
            time.sleep(0.1)

    def report(self):
        """Return the number of requests and failures, and the most common reasons, as text."""
        kinds = collections.Counter(failure.why for failure in self.failures)
        return f"{self.requests} requests, {len(self.failures)} failed: {dict(kinds.most_common(5))}"


def main():
    """Load TARGET (host:port) until a line comes on standard input; print the figures as lines of JSON."""
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
    kept, bodies[:] = list(bodies), []
    print(json.dumps({"requests": traffic.requests, "failures": traffic.failures, "bodies": kept}), flush=True)


if __name__ == "__main__":
    main()
