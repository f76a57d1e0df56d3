"""The pod runner: run rendered manifests as a cluster of one node does, with only Podman or Docker.

``PodRunner`` is one of two drivers of the same tests; the other is cluster.py,
which uses kubectl. It controls Deployments, StatefulSets, Jobs and Services as
Kubernetes does, to the extent that the manifests of k8s/ need; kubelet.py runs
the pods. It ignores NetworkPolicies, quotas, disruption budgets, autoscaling,
scheduling and custom resources. It needs Linux and root, because it mounts
volumes and signals processes as a node does.
"""

import copy
import hashlib
import http.client
import json
import os
import secrets
import shutil
import tempfile
import threading
import time
from pathlib import Path

from tests.k8s.podsecurity import violations
from tests.platform.engine import Network, wait_for
from tests.platform.kubelet import Pod, unmount_all
from tests.platform.traffic import Traffic

CONTROLLED = ("Deployment", "StatefulSet", "Job")
DEFAULT_DEPLOYMENT = {"maxSurge": 1, "maxUnavailable": 0}  # the default of 25%, for up to 3 replicas
JOB_BACKOFF = 10


class InvalidObjectError(Exception):
    """An object that the API server would refuse."""


class PodRunnerError(Exception):
    """A wait timed out, or its condition can no longer become true. The message has the events of the pods."""


class PodRunner:
    """One namespace on one node.

    Endpoints are removed late, as on a cluster: traffic still goes to a pod for
    ``removal_delay`` seconds after the pod became unready.
    """

    name = "pod runner"

    def __init__(self, removal_delay=5.0):
        if os.getuid() != 0:
            raise RuntimeError("The pod runner needs root: it mounts volumes and signals processes as a node does.")
        self.removal_delay = removal_delay
        self.prefix = f"pods-{secrets.token_hex(3)}"
        self.folder = Path(tempfile.mkdtemp(prefix="actorsite-pods-"))
        self.folder.chmod(0o755)
        self.claims = self.folder / "claims"
        self.hosts = self.folder / "hosts"
        self.hosts.write_text("127.0.0.1 localhost\n")
        self.network = Network()
        self.namespace = "default"
        self.objects = {}
        self.revisions = {}
        self.all_pods = []
        self.failures = {}
        self.lock = threading.RLock()
        self.closed = threading.Event()
        self.loop = threading.Thread(target=self._control, daemon=True)
        self.loop.start()

    def close(self):
        """Kill and remove all pods, the network and the folders."""
        self.closed.set()
        self.loop.join()
        for pod in self.all_pods:
            pod.delete(grace=0)
        for pod in self.all_pods:
            pod.gone.wait(30)
        self.network.remove()
        unmount_all(self.folder)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # The API

    def apply(self, objects):
        """Create or update objects, as `kubectl apply` does. Raises InvalidObjectError."""
        with self.lock:
            for item in copy.deepcopy(objects):
                key = item["kind"], item["metadata"]["name"]
                old = self.objects.get(key)
                if item["kind"] == "Namespace":
                    self.namespace = item["metadata"]["name"]
                if item["kind"] == "Job" and old and old["spec"]["template"] != item["spec"]["template"]:
                    raise InvalidObjectError(f"Job {key[1]}: spec.template: field is immutable")
                if item["kind"] in CONTROLLED:
                    self._admit(item)
                if item["kind"] == "Deployment":
                    history = self.revisions.setdefault(key[1], [])
                    if not history or history[-1] != item["spec"]["template"]:
                        history.append(item["spec"]["template"])
                self.objects[key] = item

    def _admit(self, item):
        labels = self.objects.get(("Namespace", self.namespace), {"metadata": {}})["metadata"].get("labels", {})
        if labels.get("pod-security.kubernetes.io/enforce") == "restricted":
            problems = violations(item["spec"]["template"])
            if problems:
                raise InvalidObjectError(
                    f"{item['kind']} {item['metadata']['name']} violates restricted: {', '.join(problems)}"
                )

    def delete(self, kind, name):
        """Delete an object and its pods."""
        with self.lock:
            del self.objects[kind, name]
            for pod in self.owned(kind, name):
                pod.delete()

    def scale(self, kind, name, replicas):
        with self.lock:
            self.objects[kind, name]["spec"]["replicas"] = replicas

    def run_cron_job(self, name, job):
        """Create a Job from a CronJob, as `kubectl create job --from` does."""
        spec = self.objects["CronJob", name]["spec"]["jobTemplate"]["spec"]
        self.apply([{"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": job}, "spec": spec}])

    def undo(self, name):
        """Restore the previous template of a Deployment, as `kubectl rollout undo` does."""
        with self.lock:
            history = self.revisions[name]
            history.append(history.pop(-2))
            self.objects["Deployment", name]["spec"]["template"] = history[-1]

    def lookup(self, kind, name):
        return self.objects.get((kind, name))

    # Pods

    def owned(self, kind, name):
        """Return the pods of an object that still exist, the oldest first."""
        return [pod for pod in list(self.all_pods) if pod.owner == (kind, name) and not pod.gone.is_set()]

    def pods(self, name, kind="Deployment"):
        """Return the pods of an object that are not being deleted, the oldest first."""
        return [pod for pod in self.owned(kind, name) if not pod.terminating]

    def kill(self, pod):
        """Delete a pod without a grace period, as after a failure of its node."""
        pod.delete(grace=0)

    def _make(self, kind, name, template, suffix):
        template = copy.deepcopy(template)
        pod = Pod(f"{name}-{suffix}", template, (kind, name), self)
        pod.template_hash = self._hash(template)
        self.all_pods.append(pod)
        return pod

    def _hash(self, template):
        return hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:9]

    # The controllers

    def _control(self):
        while not self.closed.wait(0.2):
            with self.lock:
                for (kind, name), item in list(self.objects.items()):
                    if kind in CONTROLLED:
                        getattr(self, f"_{kind.lower()}")(name, item["spec"])
                self._write_hosts()

    def _deployment(self, name, spec):
        update = DEFAULT_DEPLOYMENT | spec.get("strategy", {}).get("rollingUpdate", {})
        replicas = spec.get("replicas", 1)
        pods = self.pods(name)
        new = [pod for pod in pods if pod.template_hash == self._hash(spec["template"])]
        old = [pod for pod in pods if pod not in new]
        if len(new) < replicas and len(pods) < replicas + update["maxSurge"]:
            tag = f"{self._hash(spec['template'])[:6]}-{secrets.token_hex(3)}"
            self._make("Deployment", name, spec["template"], tag).start()
        spare = sum(pod.ready for pod in pods) - (replicas - update["maxUnavailable"])
        # Old pods that are not ready are deleted first, then as many ready ones as maxUnavailable allows.
        for pod in sorted(old or new[replicas:], key=lambda pod: pod.ready):
            if pod.ready:
                if spare <= 0:
                    break
                spare -= 1
            pod.delete()

    def _statefulset(self, name, spec):
        replicas = spec.get("replicas", 1)
        if replicas > 1:
            raise NotImplementedError("StatefulSet with more than one replica")
        template = copy.deepcopy(spec["template"])
        for claim in spec.get("volumeClaimTemplates", []):
            volume = claim["metadata"]["name"]
            template["spec"].setdefault("volumes", []).append(
                {"name": volume, "persistentVolumeClaim": {"claimName": f"{volume}-{name}-0"}}
            )
        existing = self.owned("StatefulSet", name)
        if replicas and not existing:
            self._make("StatefulSet", name, template, "0").start()
        for pod in existing:
            if not replicas or pod.template_hash != self._hash(template):
                pod.delete()

    def _job(self, name, spec):
        pods = [pod for pod in self.all_pods if pod.owner == ("Job", name)]
        failed = [pod for pod in pods if pod.phase in ("Failed", "Refused", "Error")]
        if len(failed) < len(pods) or len(failed) > spec.get("backoffLimit", 6):
            return
        delay = JOB_BACKOFF * 2 ** (len(failed) - 1) if failed else 0
        if not failed or time.monotonic() - failed[-1].events[-1][0] >= delay:
            self._make("Job", name, spec["template"], secrets.token_hex(3)).start()

    # Services

    def cluster_ips(self):
        """Return {name: (address, port)} of the Services that have a cluster IP."""
        services = [item for (kind, _), item in self.objects.items() if kind == "Service"]
        return {
            item["metadata"]["name"]: (f"10.96.0.{number}", item["spec"]["ports"][0]["port"])
            for number, item in enumerate(services, 1)
            if item["spec"].get("clusterIP") != "None"
        }

    def _selected(self, service):
        labels = self.objects["Service", service]["spec"]["selector"].items()
        return [pod for pod in list(self.all_pods) if pod.ip and not pod.gone.is_set() and labels <= pod.labels.items()]

    def addresses(self, service):
        """Return the current endpoints of a Service, as (address, port) pairs.

        A pod is added when it is ready, and removed ``removal_delay`` seconds after
        it became unready for any reason.
        """
        now = time.monotonic()
        return [
            (pod.ip, self._port(pod, service))
            for pod in self._selected(service)
            if pod.ready or (pod.unready_since is not None and now - pod.unready_since < self.removal_delay)
        ]

    def _port(self, pod, service):
        entry = self.objects["Service", service]["spec"]["ports"][0]
        target = entry.get("targetPort", entry["port"])
        ports = [port for container in pod.spec["containers"] for port in container.get("ports", [])]
        return next((port["containerPort"] for port in ports if port.get("name") == target), target)

    def _write_hosts(self):
        lines = ["127.0.0.1 localhost"]
        for (kind, name), item in self.objects.items():
            if kind == "Service":
                always = item["spec"].get("publishNotReadyAddresses")
                names = f"{name} {name}.{self.namespace} {name}.{self.namespace}.svc.cluster.local"
                lines += [
                    f"{pod.ip} {names}"
                    for pod in self._selected(name)
                    if pod.ready or (always and not pod.gone.is_set())
                ]
        lines += [f"{pod.ip} {pod.name}" for pod in self.all_pods if pod.ip and not pod.gone.is_set()]
        text = "\n".join([*lines, ""])
        if text != self.hosts.read_text():
            # Write in place, because containers have mounted this file.
            with self.hosts.open("r+") as file:
                file.write(text)
                file.truncate()

    # Waiting

    def all_events_text(self):
        """Return the events of all pods, and the output of those that failed."""
        broken = [pod for pod in self.all_pods if pod.phase in ("Failed", "Pending", "Refused", "Error")]
        return "\n".join(
            [pod.events_text() for pod in self.all_pods] + [f"{pod.name}:\n{pod.logs()}" for pod in broken]
        )

    def wait_rolled_out(self, name, kind="Deployment", timeout=180):
        """Wait until the pods of the current template are ready, and all others are deleted."""

        def done():
            item = self.objects[kind, name]["spec"]
            pods = self.pods(name, kind)
            current = kind != "Deployment" or all(pod.template_hash == self._hash(item["template"]) for pod in pods)
            return current and len(pods) == item.get("replicas", 1) and all(pod.ready for pod in pods)

        self.wait(done, timeout, f"{kind} {name} is not rolled out")

    def wait_complete(self, name, timeout=180):
        """Wait for a Job to complete, and return its pod. Raises PodRunnerError if its backoff limit is exceeded."""

        def done():
            pods = [pod for pod in self.all_pods if pod.owner == ("Job", name)]
            failed = [pod for pod in pods if pod.phase in ("Failed", "Refused", "Error")]
            if len(failed) > self.objects["Job", name]["spec"].get("backoffLimit", 6):
                raise PodRunnerError(f"Job {name}\n{self.all_events_text()}")
            return next((pod for pod in pods if pod.phase == "Succeeded"), None)

        return self.wait(done, timeout, f"Job {name} is not complete")

    def wait(self, condition, timeout, message):
        """Call ``wait_for``, and raise PodRunnerError with the events of all pods after a timeout."""
        try:
            return wait_for(condition, timeout, message)
        except TimeoutError as error:
            raise PodRunnerError(f"{error}\n{self.all_events_text()}") from None

    # Traffic

    def traffic(self, service="web", **options):
        """Return Traffic, a context manager, to the endpoints of a Service."""
        return Traffic(lambda: self.addresses(service), **options)

    def get(self, path, service="web", headers=(), pod=None):
        """Send one request to a pod, or to the first endpoint of a Service; return (status, headers, body)."""
        address = (pod.ip, self._port(pod, service)) if pod else self.addresses(service)[0]
        connection = http.client.HTTPConnection(*address, timeout=10)
        try:
            connection.request("GET", path, headers=dict(headers))
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()
        finally:
            connection.close()
