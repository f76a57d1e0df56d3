"""The probes of one container, made as a kubelet makes them."""

import http.client
import socket
import subprocess
import threading
from pathlib import Path

from tests.platform import podspec


class Prober:
    """Probes one run of a container until it ends, and reports the results to its pod."""

    def __init__(self, pod, instance):
        self.pod, self.instance = pod, instance
        self.container = instance.spec

    def run(self):
        """Wait for the start, then ask for liveness and readiness, each in its own rhythm."""
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
        """Probe until the outcome is ``until``: True is successThreshold good answers, False failureThreshold bad ones.

        Returns whether the last answer was good; waiting for a good one gives
        up after failureThreshold bad ones, unless it is endless.
        """
        needed = probe.get("successThreshold" if until else "failureThreshold", 1 if until else 3)
        patience = probe.get("failureThreshold", 3) if until and not endless else None
        period = probe.get("periodSeconds", 10)
        self.instance.done.wait(probe.get("initialDelaySeconds", 0) if first else period)
        seen = missed = 0
        while not self.instance.done.is_set():
            good, why = self._ask(probe)
            seen, missed = (seen + 1, 0) if good == until else (0, missed + 1)
            if not good and not self.instance.done.is_set():
                self.pod.event(f"probe {why}")
            if seen >= needed:
                return good
            if patience is not None and missed >= patience:
                return False
            self.instance.done.wait(period)
        return False

    def _ask(self, probe):
        """Probe once; return (whether the result is good, a description of it)."""
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
        # By nsenter: a kubelet's exec is cheap, and the engine's takes seconds on a busy machine.
        process = self.instance.process
        variables = Path(f"/proc/{process}/environ").read_bytes().rstrip(b"\0").split(b"\0")
        owner = Path(f"/proc/{process}").stat()
        enter = ["nsenter", f"--target={process}", "--all", f"--setuid={owner.st_uid}", f"--setgid={owner.st_gid}"]
        done = subprocess.run([*enter, "--", "env", "-i", *variables, *command], capture_output=True, timeout=timeout)
        return done.returncode

    def _get(self, get, timeout):
        # Without httpHeaders the Host is the pod's address and port, as a kubelet sends it.
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
