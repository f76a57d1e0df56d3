"""The pod runner acts like a kubelet, and its load generator reports every failed request.

The pods are a small server (little.py) instead of the site, so that only the
pod runner is tested.
"""

import functools
import json
import time

import pytest

from tests.platform import little, podrunner, podspec
from tests.platform.engine import wait_for

INSIDE = """
import json, os, pathlib
def writable(path):
    try:
        pathlib.Path(path, "probe").write_text("x")
    except OSError:
        return False
    return True
status = dict(line.split(":", 1) for line in pathlib.Path("/proc/self/status").read_text().splitlines())
mounts = [line.split() for line in pathlib.Path("/proc/mounts").read_text().splitlines()]
print(json.dumps({
    "user": f"{os.getuid()}:{os.getgid()}",
    "capabilities": int(status["CapBnd"], 16),
    "locked": [status["NoNewPrivs"].strip(), status["Seccomp"].strip()],
    "before": os.listdir("/tmp"),
    "writable": [path for path in ("/tmp", "/var/tmp", "/run", "/etc", "/root", "/dev/shm") if writable(path)],
    "tmp": [line[2] for line in mounts if line[1] == "/tmp"],
    "size": os.statvfs("/tmp").f_blocks * os.statvfs("/tmp").f_frsize,
    "token": os.path.exists("/var/run/secrets/kubernetes.io/serviceaccount/token"),
    "environment": dict(os.environ),
    "passwd": "10001" in pathlib.Path("/etc/passwd").read_text(),
    "name": os.uname().nodename,
    "file": pathlib.Path("/etc/settings/color").read_text() if os.path.exists("/etc/settings") else None,
}))
"""


@pytest.fixture
def runner():
    with podrunner.PodRunner(removal_delay=0.5) as runner:
        yield runner


def deploy(runner, **options):
    runner.apply([little.deployment(**options), little.SERVICE])
    runner.wait_rolled_out("little", timeout=30)
    return runner.pods("little")


def wait_for_phase(runner, *phases):
    return wait_for(lambda: [pod for pod in runner.all_pods if pod.phase in phases], 20, runner.all_events_text)[0]


def test_container_matches_its_manifest(runner):
    container = {
        "envFrom": [{"configMapRef": {"name": "settings"}}],
        "env": [
            {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "key"}}},
            {"name": "NONE", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "none", "optional": True}}},
            {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            {"name": "BOTH", "value": "$(KEY) $(color) $(UNKNOWN) $$"},
        ],
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}, {"name": "settings", "mountPath": "/etc/settings"}],
    }
    volumes = [*little.DEPLOYMENT["spec"]["template"]["spec"]["volumes"]]
    volumes.append({"name": "settings", "configMap": {"name": "settings"}})
    runner.apply(
        [
            {"kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"color": "green"}},
            {"kind": "Secret", "metadata": {"name": "keys"}, "data": {"key": "czNjcmV0"}},
        ]
    )
    (pod,) = deploy(runner, container=container, pod={"volumes": volumes})
    seen = json.loads(pod.exec("python3", "-c", INSIDE))
    assert seen["user"] == "10001:10002"
    assert seen["capabilities"] == 0
    assert seen["locked"] == ["1", "2"]
    assert seen["before"] == []
    assert seen["writable"] == ["/tmp", "/dev/shm"]
    assert seen["tmp"] == ["tmpfs"]
    assert seen["size"] == 8 * 2**20
    assert not seen["token"]
    assert not seen["passwd"]
    assert seen["name"] == seen["environment"]["HOSTNAME"] == pod.name
    assert seen["file"] == "green"
    expected = {"color": "green", "KEY": "s3cret", "POD": pod.ip, "BOTH": "s3cret green $(UNKNOWN) $"}
    assert seen["environment"].items() >= expected.items()
    assert "NONE" not in seen["environment"]
    assert not [name for name in seen["environment"] if name.startswith("LITTLE_")]


def test_container_of_minimal_manifest_gets_cluster_defaults(runner):
    """Negative control of the test above: every restriction comes from the manifest."""
    spec = {"containers": [{**little.DEPLOYMENT["spec"]["template"]["spec"]["containers"][0]}]}
    for field in ("securityContext", "volumeMounts", "resources"):
        del spec["containers"][0][field]
    lax = little.deployment()
    lax["spec"]["template"]["spec"] = spec
    runner.apply([lax, little.SERVICE])
    runner.wait_rolled_out("little", timeout=30)
    seen = json.loads(runner.pods("little")[0].exec("python3", "-c", INSIDE))
    assert seen["user"] == "0:0"
    assert seen["capabilities"] > 0
    assert seen["locked"][0] == "0"
    assert "/etc" in seen["writable"]
    assert seen["token"]
    assert seen["environment"]["LITTLE_PORT"].startswith("tcp://")


@pytest.mark.parametrize(
    ("pod", "image_user", "reason"),
    [
        ({"runAsNonRoot": True}, "", "will run as root"),
        ({"runAsNonRoot": True}, "root", "non-numeric"),
        ({"runAsNonRoot": True, "runAsUser": 0}, "10001", "will run as root"),
        ({"runAsNonRoot": True}, "postgres", "non-numeric"),
    ],
)
def test_run_as_non_root_refuses_root(pod, image_user, reason):
    with pytest.raises(podspec.RefusedError, match=reason):
        podspec.security({"securityContext": pod}, {}, image_user)


def test_refused_pod_reports_the_reason(runner):
    runner.apply([little.deployment(pod={"securityContext": {"runAsNonRoot": True}})])
    assert "will run as root" in wait_for_phase(runner, "Refused").events_text()
    runner.apply([little.deployment(container={"envFrom": [{"secretRef": {"name": "missing"}}]})])
    wait_for(lambda: "Secret missing not found" in runner.all_events_text(), 20, runner.all_events_text)


def test_unsupported_field_of_a_pod_is_an_error(runner):
    runner.apply([little.deployment(pod={"hostNetwork": True})])
    assert "hostNetwork" in wait_for_phase(runner, "Error").events_text()


def test_restricted_namespace_refuses_unrestricted_pods(runner):
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    runner.apply([{"kind": "Namespace", "metadata": {"name": "little", "labels": labels}}])
    with pytest.raises(podrunner.InvalidObjectError, match="seccompProfile"):
        runner.apply([little.deployment()])


def test_container_over_its_memory_limit_is_killed(runner):
    fill = "import sys; memory = bytearray(int(sys.argv[1]) * 2**20); print(len(memory))"

    def last_pod_is(phase):
        return runner.all_pods[-1:] and runner.all_pods[-1].phase == phase

    for number, (megabytes, phase) in enumerate([(16, "Succeeded"), (200, "Failed")]):
        job = little.job("python3", "-c", fill, str(megabytes), name=f"fill-{number}")
        job["spec"]["template"]["spec"]["containers"][0]["resources"] = {"limits": {"memory": "64Mi"}}
        runner.apply([job])
        wait_for(functools.partial(last_pod_is, phase), 20, runner.all_events_text)
    assert "exited 137" in runner.all_pods[-1].events_text()


def test_init_containers_run_in_order_before_other_containers(runner):
    def init(name, script):
        container = {"name": name, "image": little.IMAGE, "command": ["sh", "-c", script]}
        return {**container, "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}]}

    # The second init container fails once and is restarted.
    second = "test -e /tmp/first || exit 3; test -e /tmp/again || { touch /tmp/again; exit 4; }"
    (pod,) = deploy(
        runner, pod={"initContainers": [init("first", "sleep 0.5; touch /tmp/first"), init("second", second)]}
    )
    events = [text for _, text in pod.events if text.startswith(("started", "first", "second"))]
    assert events == [
        *("started first", "first exited 0", "started second", "second exited 4"),
        *("started second", "second exited 0", "started web"),
    ]


def test_only_ready_pods_get_traffic(runner):
    first, second = deploy(runner, replicas=2)
    assert {ip for ip, _ in runner.addresses("little")} == {first.ip, second.ip}
    runner.get("/switch?unready", service="little", pod=first)
    wait_for(lambda: not first.ready, 5, runner.all_events_text)
    # Endpoints are removed late, as on a cluster.
    assert {ip for ip, _ in runner.addresses("little")} == {first.ip, second.ip}
    time.sleep(0.8)
    assert {ip for ip, _ in runner.addresses("little")} == {second.ip}
    assert first.restarts == 0
    assert second.exec("getent", "hosts", "little").split()[0] == second.ip


def test_request_to_a_pod_has_its_address_and_port_as_host(runner):
    (pod,) = deploy(runner)
    _, _, body = runner.get("/", service="little", pod=pod)
    assert body.decode() == f"{pod.name} {pod.ip}:5000"


@pytest.mark.parametrize("fault", ["dead", "hung"])
def test_failed_liveness_probe_restarts_container(runner, fault):
    (pod,) = deploy(runner)
    if fault == "hung":
        pod.hang()
    else:
        runner.get("/switch?dead", service="little", pod=pod)
    wait_for(lambda: pod.restarts == 1 and pod.ready, 20, runner.all_events_text)
    events_text = pod.events_text()
    assert "liveness failed" in events_text
    assert ("KILL web" in events_text) == (fault == "hung")
    assert runner.pods("little") == [pod]


def test_ended_container_is_restarted(runner):
    (pod,) = deploy(runner)
    pod.exec("python3", "-c", "import os, signal; os.kill(1, signal.SIGTERM)")
    wait_for(lambda: pod.restarts == 1 and pod.ready, 20, runner.all_events_text)


def test_pod_stops_by_pre_stop_then_sigterm_then_sigkill(runner):
    pre_stop = {"lifecycle": {"preStop": {"sleep": {"seconds": 1}}}}
    (pod,) = deploy(runner, container=pre_stop)
    pod.delete()
    assert pod.gone.wait(10)
    assert "web exited 0" in pod.events_text()
    assert 0.9 < pod.when("TERM") - pod.when("preStop") < 2
    assert pod.when("KILL") is None
    (deaf,) = deploy(runner, container=pre_stop, faults="deaf")
    deaf.delete()
    assert deaf.gone.wait(10)
    assert 2.9 < deaf.when("KILL") - deaf.when("preStop") < 4
    assert "web exited 137" in deaf.events_text()


def test_rolling_update_keeps_replicas_and_stops_at_unready_pod(runner):
    old = deploy(runner, replicas=2)
    runner.apply([little.deployment(replicas=2, label="broken", faults="unready")])
    wait_for(lambda: len(runner.pods("little")) == 3, 10, runner.all_events_text)
    time.sleep(2)
    assert len(runner.pods("little")) == 3
    assert all(pod.ready for pod in old)
    runner.undo("little")
    runner.wait_rolled_out("little", timeout=30)
    assert runner.pods("little") == old
    runner.apply([little.deployment(replicas=2, label="good")])
    lowest = 2
    while set(runner.pods("little")) & set(old):
        lowest = min(lowest, sum(pod.ready for pod in runner.pods("little")))
        time.sleep(0.05)
    assert lowest == 2
    runner.wait_rolled_out("little", timeout=30)


def test_stateful_set_keeps_name_and_volume_claim(runner):
    stateful_set = little.deployment(
        container={"volumeMounts": [{"name": "data", "mountPath": "/data"}]},
        pod={"volumes": [], "securityContext": {"runAsUser": 10001, "fsGroup": 10001}},
    )
    stateful_set["kind"] = "StatefulSet"
    stateful_set["spec"]["volumeClaimTemplates"] = [{"metadata": {"name": "data"}, "spec": {}}]
    runner.apply([stateful_set])
    runner.wait_rolled_out("little", kind="StatefulSet", timeout=30)
    (pod,) = runner.pods("little", kind="StatefulSet")
    pod.exec("sh", "-c", "echo kept > /data/file")
    runner.kill(pod)
    pod.gone.wait(10)
    runner.wait_rolled_out("little", kind="StatefulSet", timeout=30)
    (again,) = runner.pods("little", kind="StatefulSet")
    assert again is not pod
    assert again.name == pod.name == "little-0"
    assert again.exec("cat", "/data/file") == "kept\n"


def test_job_is_retried_to_its_limit_and_cannot_be_changed(runner, monkeypatch):
    monkeypatch.setattr(podrunner, "JOB_BACKOFF", 0.2)
    runner.apply([little.job("sh", "-c", "echo done", name="good"), little.job("false", name="bad", backoff=2)])
    assert runner.wait_complete("good", timeout=20).logs() == "done\n"
    with pytest.raises(podrunner.PodRunnerError):
        runner.wait_complete("bad", timeout=30)
    assert len([pod for pod in runner.all_pods if pod.owner == ("Job", "bad")]) == 3
    with pytest.raises(podrunner.InvalidObjectError, match="immutable"):
        runner.apply([little.job("sh", "-c", "echo other", name="good")])


def test_traffic_reports_every_kind_of_failure(runner):
    (pod,) = deploy(runner)
    options = {"service": "little", "rate": 100, "threads": 4}
    with runner.traffic(**options) as good:
        good.until(100, timeout=10)
    assert not good.failures, good.report()
    for fault, reason in [("failing", "500"), ("cut", "IncompleteRead")]:
        with runner.traffic(**options) as traffic:
            runner.get(f"/switch?{fault}", service="little", pod=pod)
            traffic.until(traffic.requests + 40, timeout=10)
        assert any(reason in failure.reason for failure in traffic.failures), (fault, traffic.report())
        runner.kill(pod)
        pod.gone.wait(10)
        runner.wait_rolled_out("little", timeout=30)
        (pod,) = runner.pods("little")


@pytest.mark.parametrize("seconds", [0, 3])
def test_rolling_update_fails_requests_only_without_pre_stop(runner, seconds):
    """Negative control of the tests that expect no failed requests."""
    runner.removal_delay = 1.5
    pod = {"terminationGracePeriodSeconds": seconds + 3}
    hook = {"lifecycle": {"preStop": {"sleep": {"seconds": seconds}}}} if seconds else {}
    deploy(runner, replicas=2, label="old", container=hook, pod=pod)
    with runner.traffic(service="little", rate=100) as traffic:
        deploy(runner, replicas=2, label="new", container=hook, pod=pod)
        time.sleep(seconds + 1)
    assert bool(traffic.failures) == (seconds == 0), traffic.report()
