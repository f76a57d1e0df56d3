"""Requirements of Kubernetes for the image and the manifests: one test for each of K1 to K11.

The tests use running pods. Most of them end with a negative control, which
breaks the requirement to show that the test can fail. They inspect the node,
so they run only in the pod runner.
"""

import concurrent.futures
import copy
import http.client
import json
import time

import pytest

from tests.k8s.kustomize import named, objects, pod_templates
from tests.platform import podrunner, site
from tests.platform.engine import IMAGE, engine, wait_for

pytestmark = pytest.mark.xdist_group("contracts")


@pytest.fixture(scope="module")
def runner():
    """Yield a pod runner with one replica of the site, shared by the tests of this module."""
    with podrunner.PodRunner() as runner:
        runner.rendered = site.deploy(runner, replicas=1)
        yield runner


@pytest.fixture
def pod(runner):
    site.apply(runner, runner.rendered)
    runner.wait_rolled_out("web")
    return runner.pods("web")[0]


def python(pod, code):
    """Run Python code in a pod, and return the JSON that it prints."""
    return json.loads(pod.exec("python", "-c", f"import json, os, pathlib, glob\n{code}"))


def variant(runner, name, kind="Deployment", of="web"):
    """Return a renamed copy of an object, with pods that no Service selects."""
    item = copy.deepcopy(named(runner.rendered, kind, of))
    item["metadata"]["name"] = name
    item["spec"]["template"]["metadata"]["labels"] = {"app.kubernetes.io/name": name}
    return item


def container(item):
    return item["spec"]["template"]["spec"]["containers"][0]


def pod_of(runner, name, kind="Deployment"):
    return wait_for(lambda: runner.owned(kind, name), 20, f"no pod of {name}")[0]


def test_k1_pod_runs_restricted_with_read_only_root(runner, pod):
    seen = python(
        pod,
        """
status = [dict(line.split(":\\t", 1) for line in pathlib.Path(path).read_text().splitlines() if ":\\t" in line)
          for path in glob.glob("/proc/[0-9]*/status")]
read_only = False
try:
    pathlib.Path("/app/probe").touch()
except OSError as error:
    read_only = "Read-only" in str(error)
pathlib.Path("/tmp/probe").touch()
pathlib.Path("/tmp/probe").unlink()
print(json.dumps({
    "users": sorted({s["Uid"].split()[0] for s in status}),
    "capabilities": sorted({int(s["CapBnd"], 16) | int(s["CapEff"], 16) for s in status}),
    "privileges": sorted({s["NoNewPrivs"] for s in status}),
    "seccomp": sorted({s["Seccomp"] for s in status}),
    "read_only": read_only,
    "processes": len(status),
}))""",
    )
    assert seen.pop("processes") >= 3  # gunicorn, its workers, and this process
    assert seen == {
        "users": ["10001"],
        "capabilities": [0],
        "privileges": ["1"],
        "seccomp": ["2"],
        "read_only": True,
    }
    # /tmp is empty in the image, too.
    assert engine("run", "--rm", "--entrypoint", "ls", IMAGE, "-A", "/tmp").stdout == ""
    root = variant(runner, "root")
    root["spec"]["template"]["spec"]["securityContext"]["runAsUser"] = 0
    with pytest.raises(podrunner.InvalidObjectError, match="runAsUser 0"):
        runner.apply([root])


def test_k2_probes_skip_host_checks_and_redirects(runner, pod):
    address = f"{pod.ip}:5000"
    for path in ("/livez", "/readyz", "/health"):
        assert runner.get(path, pod=pod, headers={"Host": address})[0] == 200, path
    # A page with the same Host and without HTTPS is refused or redirected.
    assert runner.get("/", pod=pod, headers={"Host": address})[0] in (301, 400)
    assert runner.get("/", pod=pod, headers=site.HEADERS)[0] == 200


def test_k3_readiness_but_not_liveness_depends_on_the_database(runner, pod):
    (database,) = runner.pods("postgres", kind="StatefulSet")
    restarts = pod.restarts
    database.hang()
    try:
        began = time.monotonic()
        assert runner.get("/livez", pod=pod)[0] == 200
        assert (
            time.monotonic() - began
            < container(named(runner.rendered, "Deployment", "web"))["livenessProbe"]["timeoutSeconds"]
        )
        time.sleep(1.5)  # longer than /readyz caches the result of the database check
        began = time.monotonic()
        assert runner.get("/readyz", pod=pod)[0] == 503
        assert (
            time.monotonic() - began
            < container(named(runner.rendered, "Deployment", "web"))["readinessProbe"]["timeoutSeconds"]
        )
        wait_for(lambda: not pod.ready, 30, pod.events_text)
    finally:
        database.resume()
    runner.wait_rolled_out("web")
    assert pod.restarts == restarts
    # While the process drains, /readyz never returns 200.
    keep_alive = http.client.HTTPConnection(pod.ip, 5000, timeout=5)
    keep_alive.request("GET", "/readyz")
    assert keep_alive.getresponse().read() and keep_alive.sock
    pod.exec("python", "-c", "import os, signal; os.kill(1, signal.SIGTERM)")
    responses = []
    while len(responses) < 20 and not pod.when("web exited"):
        try:
            responses.append(runner.get("/readyz", pod=pod)[0])
        except (OSError, http.client.HTTPException):
            responses.append(None)
        time.sleep(0.05)
    assert 200 not in responses[-10:], responses
    wait_for(lambda: pod.restarts == restarts + 1 and pod.ready, 60, pod.events_text)


def download_slowly(pod, count, seconds):
    """Download the directory from a pod in about ``seconds``; return (lines received, time of the end)."""
    connection = http.client.HTTPConnection(pod.ip, 5000, timeout=15)
    connection.request("GET", "/actors.ndjson", headers=site.HEADERS)
    response = connection.getresponse()
    lines, end = 0, time.monotonic() + seconds
    try:
        while chunk := response.read(65536):
            lines += chunk.count(b"\n")
            if time.monotonic() < end:
                time.sleep(0.3 if lines < count * 0.8 else max(end - time.monotonic(), 0))
    except (OSError, http.client.HTTPException):
        pass  # cut off: the number of lines shows it
    return lines, time.monotonic()


def delete_during_download(pod, count, seconds):
    """Delete a pod during a slow download, and return the result of ``download_slowly``."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        download = pool.submit(download_slowly, pod, count, seconds)
        time.sleep(0.5)
        pod.delete()
        assert pod.gone.wait(90), pod.events_text()
        return download.result(60)


def test_k4_requests_in_flight_at_sigterm_are_finished(runner, pod):
    pod.exec("python", "manage.py", "make_actors", "30000")
    count = int(site.sql(runner, "SELECT count(*) FROM actor"))
    pre_stop = container(named(runner.rendered, "Deployment", "web"))["lifecycle"]["preStop"]["sleep"]["seconds"]
    # The site writes the end of the response long before the client reads it. The pod must not exit before the
    # kernel's buffers are sent.
    lines, ended = delete_during_download(pod, count, pre_stop + 6)
    assert pod.when("TERM") - pod.when("preStop") >= pre_stop
    assert ended > pod.when("TERM"), "the download ended before SIGTERM"
    assert lines == count
    assert pod.when("KILL") is None, pod.events_text()
    assert "web exited 0" in pod.events_text()
    # Negative control: without preStop and a grace period, the download is cut off.
    hasty = variant(runner, "hasty")
    hasty["spec"]["template"]["spec"].update(terminationGracePeriodSeconds=1)
    del container(hasty)["lifecycle"]
    runner.apply([hasty])
    runner.wait_rolled_out("hasty")
    (cut,) = runner.pods("hasty")
    lines, _ = delete_during_download(cut, count, 8)
    assert lines < count
    runner.delete("Deployment", "hasty")
    site.sql(runner, "TRUNCATE actor CASCADE")


def test_rolling_update_without_pre_stop_fails_requests(runner, pod):
    """Negative control of the scenarios in which no request fails."""
    hasty = copy.deepcopy(runner.rendered)
    del container(named(hasty, "Deployment", "web"))["lifecycle"]
    runner.apply(hasty)
    runner.wait_rolled_out("web")
    time.sleep(runner.removal_delay + 12)  # until the old pods are removed from the endpoints
    named(hasty, "Deployment", "web")["spec"]["template"]["metadata"]["annotations"]["version"] = "hasty"
    with runner.traffic(paths=["/livez"], headers=site.HEADERS, rate=50) as traffic:
        runner.apply(hasty)
        runner.wait_rolled_out("web")
        time.sleep(runner.removal_delay + 1)
    assert traffic.failures, traffic.report()


def test_k5_migration_job_is_created_once_per_image(runner, pod):
    name, tag = site.qualified(IMAGE)
    engine("tag", f"{name}:{tag}", f"{name}:{tag}-next")
    try:
        jobs = [site.migration(site.render(image=image)) for image in (IMAGE, IMAGE, f"{IMAGE}-next")]
        assert jobs[0]["metadata"]["name"] == jobs[1]["metadata"]["name"] != jobs[2]["metadata"]["name"]
        runner.apply(jobs)
        runner.wait_complete(jobs[2]["metadata"]["name"])
        jobs[2]["metadata"]["name"] = jobs[0]["metadata"]["name"]
        with pytest.raises(podrunner.InvalidObjectError, match="immutable"):
            runner.apply([jobs[2]])
    finally:
        engine("rmi", f"{name}:{tag}-next")


def test_k6_pods_wait_for_migrations(runner, pod):
    site.sql(runner, "CREATE DATABASE waiting")
    runner.apply([site.secret("database-waiting", uri=site.database_url("waiting"))])

    def use_other_database(item):
        for one in [*item["spec"]["template"]["spec"].get("initContainers", []), container(item)]:
            for variable in one["env"]:
                if variable["name"] == "DATABASE_URL":
                    variable["valueFrom"]["secretKeyRef"]["name"] = "database-waiting"
        return item

    runner.apply([use_other_database(variant(runner, "waiting"))])
    waiting = pod_of(runner, "waiting")
    wait_for(lambda: "Waiting for the migrations." in waiting.logs(), 30, waiting.logs)
    time.sleep(3)
    assert waiting.when("started web") is None
    job = named(runner.rendered, "Job", "migrate")["metadata"]["name"]
    runner.apply([use_other_database(variant(runner, "migrating", kind="Job", of=job))])
    done = runner.wait_complete("migrating")
    runner.wait_rolled_out("waiting")
    assert waiting.when("started web") > done.when("started migrate")
    waiting.exec("python", "manage.py", "migrate", "--check")
    runner.delete("Deployment", "waiting")


def test_k7_pods_restart_only_if_a_value_changes(runner, pod):
    same = site.render(replicas=1)
    assert same == site.render(replicas=1)
    runner.apply(same)
    time.sleep(1)
    assert runner.pods("web") == [pod]
    changed = site.render(replicas=1, literals=["LOG_LEVEL=WARNING"])
    assert (
        named(changed, "ConfigMap", "actorsite")["metadata"]["name"]
        != named(same, "ConfigMap", "actorsite")["metadata"]["name"]
    )
    runner.apply(changed)
    wait_for(lambda: pod.terminating, 60, runner.all_events_text)
    runner.wait_rolled_out("web")
    (new,) = runner.pods("web")
    assert new.exec("printenv", "LOG_LEVEL") == "WARNING\n"


def test_k8_pod_has_no_token_and_no_service_variables(runner, pod):
    # A Service of this name would set METRICS_PORT=tcp://…, which the site would read as its own variable.
    metrics = copy.deepcopy(named(runner.rendered, "Service", "web"))
    metrics["metadata"]["name"] = "metrics"
    metrics["spec"]["selector"] = {"app": "none"}
    runner.apply([metrics])
    try:
        runner.apply([variant(runner, "without-links")])
        runner.wait_rolled_out("without-links")
        (new,) = runner.pods("without-links")
        seen = python(
            new,
            """
print(json.dumps([os.path.exists("/var/run/secrets/kubernetes.io/serviceaccount"),
                  [name for name, value in os.environ.items() if value.startswith("tcp://")]]))""",
        )
        assert seen == [False, []]
        links = variant(runner, "with-links")
        links["spec"]["template"]["spec"].update(enableServiceLinks=True, initContainers=[])
        runner.objects.pop(("Namespace", runner.namespace))  # its Pod Security level refuses service links
        runner.apply([links])
        wrong = pod_of(runner, "with-links")
        wait_for(lambda: "METRICS_PORT must be" in wrong.logs(), 30, wrong.logs)
    finally:
        runner.delete("Service", "metrics")
        for name in ("without-links", "with-links"):
            if ("Deployment", name) in runner.objects:
                runner.delete("Deployment", name)
        runner.apply([item for item in runner.rendered if item["kind"] == "Namespace"])


def inject(item, namespace):
    """Add a proxy to a pod template as Linkerd's webhook does. The proxy does not exit with the Job.

    The annotation of the pod takes precedence over ``namespace``, the annotation of its namespace.
    """
    template = item["spec"]["template"]
    annotation = template["metadata"].get("annotations", {}).get("linkerd.io/inject", namespace)
    if annotation == "enabled":
        proxy = {**container(item), "name": "linkerd-proxy", "command": ["sleep", "infinity"]}
        template["spec"]["containers"].append({key: value for key, value in proxy.items() if key != "args"})
    return item


def test_k9_jobs_complete_in_a_linkerd_mesh(runner, pod):
    meshed = objects("components/linkerd")
    injected = {
        item["kind"]: template["metadata"].get("annotations", {}).get("linkerd.io/inject")
        for item, template in pod_templates(meshed)
    }
    assert injected["Deployment"] == "enabled"
    annotations = named(meshed, "Job", "migrate")["spec"]["template"]["metadata"]["annotations"]
    job = variant(runner, "meshed", kind="Job", of=named(runner.rendered, "Job", "migrate")["metadata"]["name"])
    job["spec"]["template"]["metadata"]["annotations"] = annotations
    runner.apply([inject(job, "enabled")])
    runner.wait_complete("meshed", timeout=60)
    # Negative control: without the annotation, the proxy keeps running after the migration.
    hung = variant(runner, "hung", kind="Job", of=named(runner.rendered, "Job", "migrate")["metadata"]["name"])
    runner.apply([inject(hung, "enabled")])
    hung_pod = pod_of(runner, "hung", "Job")
    wait_for(lambda: hung_pod.when("migrate exited 0"), 60, hung_pod.events_text)
    time.sleep(2)
    assert hung_pod.phase == "Running"
    runner.delete("Job", "hung")


# Kinds with older API versions, which were removed or still appear in old manifests.
CURRENT = {
    **dict.fromkeys(["Deployment", "StatefulSet", "DaemonSet"], "apps/v1"),
    **dict.fromkeys(["Job", "CronJob"], "batch/v1"),
    **dict.fromkeys(["Ingress", "NetworkPolicy"], "networking.k8s.io/v1"),
    **dict.fromkeys(["Certificate", "Issuer"], "cert-manager.io/v1"),
    **dict.fromkeys(["Mapping", "Host", "Listener", "TLSContext"], "getambassador.io/v3alpha1"),
    **dict.fromkeys(["Gateway", "HTTPRoute"], "gateway.networking.k8s.io/v1"),
    **dict.fromkeys(["Cluster", "ScheduledBackup"], "postgresql.cnpg.io/v1"),
    "ObjectStore": "barmancloud.cnpg.io/v1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
    "PodDisruptionBudget": "policy/v1",
}


def test_k10_api_versions_are_current():
    seen = {}
    for name in ("overlays/dev", "overlays/production", "overlays/article", "components/ingress"):
        for item in objects(name):
            if item["kind"] in CURRENT:
                seen[item["kind"]] = item["apiVersion"]
                assert item["apiVersion"] == CURRENT[item["kind"]], (name, item["kind"])
            if item["kind"] == "Mapping":
                assert item["spec"]["hostname"]
            if item["kind"] == "Cluster":
                assert item["spec"]["plugins"][0]["name"] == "barman-cloud.cloudnative-pg.io"
    assert seen.keys() >= {"Deployment", "Gateway", "HTTPRoute", "Certificate", "Mapping", "Listener", "Cluster"}


def test_k11_gunicorn_writes_only_to_memory(runner, pod):
    seen = python(
        pod,
        """
open_files = {}
for path in glob.glob("/proc/[0-9]*/fd/*"):
    try:
        target = os.readlink(path)
    except OSError:
        continue
    if target.startswith("/") and not target.startswith(("/dev/null", "/proc")):
        open_files.setdefault(target.partition("/wgunicorn")[0], 0)
print(json.dumps({"open": sorted(open_files), "tmp": os.listdir("/tmp"), "shm": os.listdir("/dev/shm")}))""",
    )
    assert seen["tmp"] == []
    assert seen["shm"] == []
    assert all(path.startswith("/dev/") for path in seen["open"] if "gunicorn" in path or "shm" in path), seen
    assert "control" not in pod.logs().lower()
    plain = variant(runner, "plain")
    plain["spec"]["template"]["spec"]["initContainers"] = []
    container(plain)["args"] = ["gunicorn", "--config", "/dev/null", "--bind", ":5000", "actorsite.wsgi"]
    runner.apply([plain])
    noisy = pod_of(runner, "plain")
    try:
        wait_for(lambda: "control" in noisy.logs().lower(), 20, noisy.logs)
    finally:
        runner.delete("Deployment", "plain")
