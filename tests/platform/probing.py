"""The probes of one container, sent as a kubelet sends them."""

import http.client
import socket
import subprocess
import threading
from pathlib import Path

from tests.platform import podspec


class Prober:
    """The probes of a container, from its start to its exit. The results are reported to the pod."""

    def __init__(self, pod, instance):
        self.pod, self.instance = pod, instance
        self.container = instance.spec

    def run(self):
        """Run the startup probe, then the liveness and readiness probes, each with its own period."""
        startup = self.container.get("startupProbe")
        if startup and not self._watch(startup, until=True):
            self.pod.fail(self.instance, startup, "startup")
            return
        self.pod.event(f"{self.container['name']} has started")
        if liveness := self.container.get("livenessProbe"):
            threading.Thread(target=self._live, args=[liveness], daemon=True).start()
        self._ready(self.container.get("readinessProbe"))

    def _live(self, probe):
        self._watch(probe, until=False)
        self.pod.fail(self.instance, probe, "liveness")

    def _ready(self, probe):
        name = self.container["name"]
        if probe is None:
            self.pod.set_ready(name, True)
            return
        first = True
        while self._watch(probe, until=True, endless=True, first=first):
            self.pod.set_ready(name, True)
            self._watch(probe, until=False, first=False)
            self.pod.set_ready(name, False)
            first = False

    def _watch(self, probe, until, endless=False, first=True):
        """Probe until successThreshold successes (``until`` is True) or failureThreshold failures (False) in a row.

        Return whether the last probe succeeded. If ``until`` is True, return False
        after failureThreshold failures in a row, unless ``endless`` is true.
        """
        needed = probe.get("successThreshold" if until else "failureThreshold", 1 if until else 3)
        limit = probe.get("failureThreshold", 3) if until and not endless else None
        period = probe.get("periodSeconds", 10)
        self.instance.done.wait(probe.get("initialDelaySeconds", 0) if first else period)
        matching = other = 0
        while not self.instance.done.is_set():
            good, result = self._probe(probe)
            matching, other = (matching + 1, 0) if good == until else (0, other + 1)
            if not good and not self.instance.done.is_set():
                self.pod.event(f"probe {result}")
            if matching >= needed:
                return good
            if limit is not None and other >= limit:
                return False
            self.instance.done.wait(period)
        return False

    def _probe(self, probe):
        """Probe once; return (whether it succeeded, a description of the result)."""
        timeout = probe.get("timeoutSeconds", 1)
        try:
            if "exec" in probe:
                code = self._exec(probe["exec"]["command"], timeout)
                return code == 0, f"exec {code}"
            if "tcpSocket" in probe:
                port = podspec.port(self.container, probe["tcpSocket"]["port"])
                socket.create_connection((self.pod.ip, port), timeout).close()
                return True, "tcp"
            status = self._get(probe["httpGet"], timeout)
            return 200 <= status < 400, f"{probe['httpGet'].get('path', '/')} {status}"
        except (OSError, http.client.HTTPException, subprocess.TimeoutExpired) as error:
            return False, type(error).__name__

    def _exec(self, command, timeout):
        # Run the command with nsenter: the engine's exec takes seconds on a busy machine; a kubelet's is fast.
        process = self.instance.process
        variables = Path(f"/proc/{process}/environ").read_bytes().rstrip(b"\0").split(b"\0")
        owner = Path(f"/proc/{process}").stat()
        enter = ["nsenter", f"--target={process}", "--all", f"--setuid={owner.st_uid}", f"--setgid={owner.st_gid}"]
        done = subprocess.run([*enter, "--", "env", "-i", *variables, *command], capture_output=True, timeout=timeout)
        return done.returncode

    def _get(self, get, timeout):
        # Without httpHeaders, a kubelet sends the pod's IP address and port as Host.
        headers = {"User-Agent": "kube-probe/1.34", "Accept": "*/*", "Connection": "close"}
        headers |= {header["name"]: header["value"] for header in get.get("httpHeaders", [])}
        connection = http.client.HTTPConnection(
            get.get("host", self.pod.ip), podspec.port(self.container, get["port"]), timeout=timeout
        )
        try:
            connection.request("GET", get.get("path", "/"), headers=headers)
            return connection.getresponse().status
        finally:
            connection.close()
