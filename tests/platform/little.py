"""A small web server as a pod, to test the pod runner without the site's image.

A request for `/switch?NAME` enables a fault of the server: `unready`, `dead`,
`failing`, `cut` (incomplete responses) or `deaf` (ignores SIGTERM).
"""

import copy

IMAGE = "docker.io/library/python:3.13-slim-trixie"
SERVER = """
import http.server, os, signal, sys, threading, time
faults = set(os.environ.get("FAULTS", "").split())
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        if self.path.startswith("/switch?"):
            faults.add(self.path.partition("?")[2])
        status = 503 if self.path == "/ready" and "unready" in faults else 200
        status = 500 if self.path == "/live" and "dead" in faults else status
        status = 500 if self.path == "/" and "failing" in faults else status
        body = f"{os.environ['HOSTNAME']} {self.headers['Host']}".encode()
        self.send_response(status)
        self.send_header("Content-Length", len(body) + (5 if self.path == "/" and "cut" in faults else 0))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = self.close_connection or "cut" in faults
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("", 5000), Handler)
server.daemon_threads = True
def stop(*_):
    if "deaf" not in faults:
        threading.Thread(target=server.shutdown).start()
signal.signal(signal.SIGTERM, stop)
server.serve_forever()
"""

DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "little"},
    "spec": {
        "replicas": 1,
        "template": {
            "metadata": {"labels": {"app": "little"}},
            "spec": {
                "automountServiceAccountToken": False,
                "enableServiceLinks": False,
                "terminationGracePeriodSeconds": 3,
                "securityContext": {"runAsNonRoot": True, "runAsUser": 10001, "runAsGroup": 10002},
                "containers": [
                    {
                        "name": "web",
                        "image": IMAGE,
                        "command": ["python3", "-c", SERVER],
                        "ports": [{"name": "http", "containerPort": 5000}],
                        "startupProbe": {
                            "httpGet": {"path": "/live", "port": "http"},
                            "periodSeconds": 0.2,
                            "failureThreshold": 100,
                        },
                        "livenessProbe": {
                            "httpGet": {"path": "/live", "port": "http"},
                            "periodSeconds": 0.3,
                            "failureThreshold": 2,
                            "timeoutSeconds": 0.5,
                        },
                        "readinessProbe": {
                            "httpGet": {"path": "/ready", "port": "http"},
                            "periodSeconds": 0.2,
                            "failureThreshold": 1,
                        },
                        "securityContext": {
                            "allowPrivilegeEscalation": False,
                            "readOnlyRootFilesystem": True,
                            "capabilities": {"drop": ["ALL"]},
                        },
                        "resources": {"limits": {"memory": "64Mi"}},
                        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
                    }
                ],
                "volumes": [{"name": "tmp", "emptyDir": {"medium": "Memory", "sizeLimit": "8Mi"}}],
            },
        },
    },
}
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "little"},
    "spec": {"selector": {"app": "little"}, "ports": [{"port": 80, "targetPort": "http"}]},
}


def deployment(replicas=1, pod=(), container=(), faults="", label=""):
    """Return the Deployment with changed fields of its pod and its container, and with faults enabled."""
    item = copy.deepcopy(DEPLOYMENT)
    item["spec"]["replicas"] = replicas
    item["spec"]["template"]["metadata"]["labels"]["version"] = label
    spec = item["spec"]["template"]["spec"]
    spec.update(pod)
    spec["containers"][0].update({"env": [{"name": "FAULTS", "value": faults}], **dict(container)})
    return item


def job(*command, backoff=0, name="little-job", **pod):
    """Return a Job that runs a command, with at most ``backoff`` retries."""
    container = {"name": "job", "image": IMAGE, "command": list(command)}
    spec = {"restartPolicy": "Never", "containers": [container], "securityContext": {"runAsUser": 10001}, **pod}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"backoffLimit": backoff, "template": {"metadata": {"labels": {"app": name}}, "spec": spec}},
    }
