"""The kubectl driver of the pod tests: a real cluster, selected by its context.

The tests use their own namespace, which is deleted at the end, and change
nothing else. The image must be on the nodes (`kind load …`). A pod in that
namespace sends the load (traffic.py), so that it goes through the Service.
"""

import json
import subprocess
import threading
import time
from pathlib import Path

import yaml

from tests.k8s.kustomize import KUBECTL
from tests.platform.engine import IMAGE, wait_for
from tests.platform.site import qualified
from tests.platform.traffic import Failure

PYTHON = "import http.client, json, sys\n"
REQUEST = (
    PYTHON
    + """
host, port, path, headers = json.loads(sys.argv[1])
connection = http.client.HTTPConnection(host, port, timeout=10)
connection.request("GET", path, headers=headers)
response = connection.getresponse()
print(json.dumps([response.status, dict(response.getheaders()), response.read().decode()]))
"""
)


class Cluster:
    """One namespace of a cluster, with the methods of podrunner.PodRunner."""

    name = "kubectl"

    def __init__(self, context, namespace):
        self.context, self.namespace = context, namespace

    def kubectl(self, *arguments, stdin=None, check=True, timeout=300):
        """Run kubectl in this context and namespace, and return its output. Raises RuntimeError if it fails."""
        done = subprocess.run(self._command(*arguments), input=stdin, capture_output=True, text=True, timeout=timeout)
        if check and done.returncode:
            raise RuntimeError(f"kubectl {' '.join(map(str, arguments))}: {done.stderr}")
        return done.stdout

    def _command(self, *arguments):
        return [KUBECTL, f"--context={self.context}", f"--namespace={self.namespace}", *map(str, arguments)]

    def __enter__(self):
        self.kubectl("create", "namespace", self.namespace)
        self.apply(self.tools())
        return self

    def __exit__(self, *_):
        self.kubectl("delete", "namespace", self.namespace, "--wait=false")

    def tools(self):
        """Return the objects of the tests themselves: a client pod, and the network policies that it needs."""
        labels = {"app.kubernetes.io/name": "actorsite-test"}
        meta = {"namespace": self.namespace}
        policy = {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": "actorsite-test", **meta},
            "spec": {"podSelector": {}, "policyTypes": ["Ingress"]},
        }
        policy["spec"]["ingress"] = [{"from": [{"podSelector": {"matchLabels": labels}}]}]
        out = {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": "actorsite-test-out", **meta},
            "spec": {"podSelector": {"matchLabels": labels}, "policyTypes": ["Egress"], "egress": [{}]},
        }
        container = {
            "name": "client",
            "image": ":".join(qualified(IMAGE)),
            "command": ["sleep", "infinity"],
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": True,
            },
        }
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "client", "labels": labels, **meta},
            "spec": {
                "automountServiceAccountToken": False,
                "securityContext": {
                    "runAsNonRoot": True,
                    "runAsUser": 10001,
                    "seccompProfile": {"type": "RuntimeDefault"},
                },
                "containers": [container],
            },
        }
        return [policy, out, pod]

    # Objects

    def apply(self, objects):
        self.kubectl("apply", "--filename=-", stdin=yaml.safe_dump_all(objects))

    def lookup(self, kind, name):
        printed = self.kubectl("get", kind, name, "--output=json", "--ignore-not-found")
        return json.loads(printed) if printed else None

    def delete(self, kind, name):
        self.kubectl("delete", kind, name)

    def scale(self, kind, name, replicas):
        self.kubectl("scale", f"{kind}/{name}", f"--replicas={replicas}")

    def run_cron_job(self, name, job):
        self.kubectl("create", "job", job, f"--from=cronjob/{name}")

    def undo(self, name):
        self.kubectl("rollout", "undo", f"deployment/{name}")

    def kill(self, pod):
        self.kubectl("delete", "pod", pod.name, "--grace-period=0", "--force")

    # Pods

    def pods(self, name, kind="Deployment"):
        """Return the pods of an object that are not being deleted, the oldest first."""
        labels = self.lookup(kind, name)["spec"]["selector"]["matchLabels"]
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        items = json.loads(self.kubectl("get", "pods", f"--selector={selector}", "--output=json"))["items"]
        staying = [item for item in items if "deletionTimestamp" not in item["metadata"]]
        return [
            ClusterPod(self, item["metadata"]["name"])
            for item in sorted(staying, key=lambda item: item["metadata"]["creationTimestamp"])
        ]

    def wait_rolled_out(self, name, kind="Deployment", timeout=180):
        self.kubectl("rollout", "status", f"{kind}/{name}", f"--timeout={timeout}s", timeout=timeout + 30)

    def wait_complete(self, name, timeout=180):
        """Wait for a Job to complete, and return its pod. Raises RuntimeError after ``timeout`` seconds."""
        self.kubectl("wait", "--for=condition=complete", f"job/{name}", f"--timeout={timeout}s", timeout=timeout + 30)
        chosen = ("--selector", f"job-name={name}", "--field-selector", "status.phase=Succeeded")
        (item,) = json.loads(self.kubectl("get", "pods", *chosen, "--output=json"))["items"]
        return ClusterPod(self, item["metadata"]["name"])

    # Traffic

    def get(self, path, service="web", headers=(), pod=None):
        """Send one request to a pod, or through a Service; return (status, headers, body)."""
        address = (pod.item()["status"]["podIP"], 5000) if pod else (service, 80)
        arguments = json.dumps([*address, path, dict(headers)])
        printed = self.kubectl("exec", "client", "--", "python", "-c", REQUEST, arguments)
        status, response_headers, body = json.loads(printed)
        return status, response_headers, body.encode()

    def traffic(self, service="web", **options):
        return ClusterTraffic(self, service, options)


class ClusterPod:
    """One pod, with the methods of kubelet.Pod that the scenarios need."""

    def __init__(self, cluster, name):
        self.cluster, self.name = cluster, name

    def item(self):
        return self.cluster.lookup("pod", self.name)

    @property
    def ready(self):
        item = self.item() or {"status": {}}
        return any(
            condition["type"] == "Ready" and condition["status"] == "True"
            for condition in item["status"].get("conditions", [])
        )

    @property
    def restarts(self):
        return self.item()["status"]["containerStatuses"][0]["restartCount"]

    @property
    def image_id(self):
        return self.item()["status"]["containerStatuses"][0]["imageID"].rpartition("sha256:")[2]

    def exec(self, *command, check=True):
        return self.cluster.kubectl("exec", self.name, "--", *command, check=check)

    def hang(self):
        """Repeatedly send SIGSTOP to all processes except process 1, which cannot be stopped from inside the pod."""
        loop = "while kill -STOP -1; do sleep 0.2; done"
        subprocess.Popen(self.cluster._command("exec", self.name, "--", "bash", "-c", loop))

    def logs(self):
        return self.cluster.kubectl("logs", self.name, "--all-containers", "--prefix", check=False)


class ClusterTraffic:
    """Variant of traffic.Traffic that runs in the client pod. ``keep``, if set, is called with each body."""

    def __init__(self, cluster, service, options):
        self.cluster = cluster
        self.keep = options.pop("keep", None)
        self.options = {**options, "keep_bodies": self.keep is not None}
        self.target = f"{service}:80"
        self.requests, self.failures = 0, []

    def __enter__(self):
        source = Path(__file__).with_name("traffic.py").read_text()
        environment = (f"TARGET={self.target}", f"OPTIONS={json.dumps(self.options)}")
        self.process = subprocess.Popen(
            self.cluster._command("exec", "--stdin", "client", "--", "env", *environment, "python", "-c", source),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        wait_for(lambda: self.requests, 30, "no request was sent")
        self.began = time.monotonic()
        return self

    def _read(self):
        for line in self.process.stdout:
            seen = json.loads(line)
            self.requests, self.failures = seen["requests"], [Failure(*failure) for failure in seen["failures"]]
            for body in seen["bodies"] if self.keep else []:
                self.keep(body.encode())

    def __exit__(self, *_):
        self.process.stdin.write("stop\n")
        self.process.stdin.close()
        self.reader.join(60)
        self.process.wait(60)
        self.lasted = time.monotonic() - self.began

    def until(self, requests, timeout=600):
        wait_for(lambda: self.requests >= requests, timeout, lambda: f"{self.requests} of {requests} requests", 0.2)

    def report(self):
        return f"{self.requests} requests, {len(self.failures)} failed: {self.failures[:5]}"
