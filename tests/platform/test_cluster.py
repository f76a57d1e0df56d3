"""The kubectl driver, tested without a cluster.

kubectl parses its whole command line before it connects to a server. A command
that fails to connect is therefore valid.
"""

import http.server
import json
import os
import subprocess
import sys
import threading
import time

import pytest

from tests.k8s import podsecurity, schemas
from tests.platform import podrunner, traffic
from tests.platform.cluster import Cluster, ClusterPod, ClusterTraffic
from tests.platform.kubelet import Pod

KUBECONFIG = """
apiVersion: v1
kind: Config
clusters: [{name: unreachable, cluster: {server: "http://127.0.0.1:1"}}]
contexts: [{name: unreachable, context: {cluster: unreachable}}]
"""


@pytest.fixture
def unreachable_cluster(tmp_path, monkeypatch):
    (tmp_path / "config").write_text(KUBECONFIG)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    return Cluster("unreachable", "actorsite-test")


@pytest.mark.parametrize(
    "call",
    [
        lambda cluster: cluster.__enter__(),
        lambda cluster: cluster.__exit__(),
        lambda cluster: cluster.lookup("Secret", "actorsite"),
        lambda cluster: cluster.delete("Job", "a"),
        lambda cluster: cluster.scale("StatefulSet", "postgres", 0),
        lambda cluster: cluster.run_cron_job("backup", "backup-now"),
        lambda cluster: cluster.undo("web"),
        lambda cluster: cluster.kill(ClusterPod(cluster, "a")),
        lambda cluster: cluster.pods("web"),
        lambda cluster: cluster.wait_rolled_out("web"),
        lambda cluster: cluster.wait_complete("a"),
        lambda cluster: cluster.get("/"),
        lambda cluster: ClusterPod(cluster, "a").exec("true"),
        lambda cluster: ClusterPod(cluster, "a").ready,
    ],
)
def test_driver_commands_are_valid_for_kubectl(unreachable_cluster, call):
    with pytest.raises(RuntimeError, match=r"127\.0\.0\.1:1"):
        call(unreachable_cluster)


def test_command_with_unknown_flag_fails_before_connecting(unreachable_cluster):
    with pytest.raises(RuntimeError, match="unknown flag") as raised:
        unreachable_cluster.kubectl("rollout", "undo", "deployment/web", "--record")
    assert "127.0.0.1:1" not in str(raised.value)


def test_driver_objects_are_valid_and_restricted(unreachable_cluster):
    for item in unreachable_cluster.tools():
        schemas.check(item, schemas.VERSIONS[-1])
        assert item["metadata"]["namespace"] == "actorsite-test"
    pod = unreachable_cluster.tools()[-1]
    # Our check is stricter than the Pod Security Standard, which allows service links.
    assert podsecurity.violations(pod) == ["service links"]


def test_both_drivers_have_the_same_methods():
    def public(kind):
        return {name for name in vars(kind) if not name.startswith("_")}

    assert public(Cluster) - public(podrunner.PodRunner) == {"kubectl", "tools"}
    shared = {name for name in public(ClusterPod) if name not in ("item", "restarts")}
    assert shared <= public(Pod)
    assert public(ClusterTraffic) <= public(traffic.Traffic)


def test_load_generator_runs_standalone():
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.send_response(200 if self.path == "/good" else 500)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        options = {"paths": ["/good", "/bad"], "rate": 50, "threads": 2, "keep_bodies": True}
        target = f"127.0.0.1:{server.server_port}"
        process = subprocess.Popen(
            [sys.executable, traffic.__file__],
            env={**os.environ, "TARGET": target, "OPTIONS": json.dumps(options)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        time.sleep(2)
        printed, _ = process.communicate("stop\n", timeout=20)
        server.shutdown()
    lines = [json.loads(line) for line in printed.splitlines()]
    assert lines[-1]["requests"] > 20
    assert abs(len(lines[-1]["failures"]) - lines[-1]["requests"] / 2) <= 3
    assert [body for line in lines for body in line["bodies"]][:2] == ["ok", "ok"]
