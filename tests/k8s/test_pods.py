"""The pod templates: environment, volumes, probes, grace period and permissions."""

import re
import runpy

import pytest

from actorsite.conf import env
from actorsite.observability.health import PROBE_VIEWS
from tests.k8s.kustomize import EVERYTHING, K8S, change, containers, named, objects, pod_templates

pytestmark = [pytest.mark.once, pytest.mark.xdist_group("k8s")]
everything = pytest.mark.parametrize("name", EVERYTHING)

CONTAINER = "spec.template.spec.containers.0"
SECRETS = {"SECRET_KEY": "abcde" * 10, "DATABASE_URL": "postgres://a:b@c/d"}


def site_containers(rendered):
    """Yield (object, pod template, container) for every container that runs the site's image."""
    for item, template in pod_templates(rendered):
        for container in containers(template):
            if re.split("[:@]", container["image"].rpartition("/")[2])[0] == "actorsite":
                yield item, template, container


def graceful_timeout():
    """Return graceful_timeout of gunicorn.conf.py, in seconds."""
    return runpy.run_path(str(K8S.parent / "gunicorn.conf.py"))["graceful_timeout"]


def environment_errors(rendered):
    """Yield a message for each variable that the application does not read, and for an invalid environment."""
    known = {variable.name for variable in env.VARIABLES}
    for item, _, container in site_containers(rendered):
        environment = {}
        for source in container.get("envFrom", []):
            environment |= named(rendered, "ConfigMap", source["configMapRef"]["name"])["data"]
        for variable in container.get("env", []):
            environment[variable["name"]] = variable.get("value", SECRETS.get(variable["name"], "secret"))
        yield from (f"{item['metadata']['name']}: {name} is not read" for name in environment.keys() - known)
        try:
            env.read_environment(environment)
        except env.InvalidEnvironmentError as error:
            yield str(error)


@everything
def test_manifest_variables_are_known_and_valid(name):
    assert list(environment_errors(objects(name))) == []


@pytest.mark.parametrize(
    ("path", "value", "error"),
    [
        (f"{CONTAINER}.env.0.name", "FLASK_ENV", "FLASK_ENV is not read"),
        (f"{CONTAINER}.env.0.name", "DEBUG", "SECRET_KEY is required"),
        (f"{CONTAINER}.env.0", {"name": "WEB_CONCURRENCY", "value": "many"}, "WEB_CONCURRENCY must be"),
        (f"{CONTAINER}.envFrom", [], "ALLOWED_HOSTS is required"),
    ],
)
def test_unknown_or_invalid_variable_is_reported(path, value, error):
    rendered = objects("overlays/production")
    change(rendered, "Deployment", "web", path, value)
    assert any(error in text for text in environment_errors(rendered))


@everything
def test_manifests_contain_no_secrets(name):
    assert "Secret" not in [item["kind"] for item in objects(name)]
    for item, template in pod_templates(objects(name)):
        for container in containers(template):
            for variable in container.get("env", []):
                if re.search("PASSWORD|SECRET|TOKEN|DATABASE_URL", variable["name"]):
                    assert "value" not in variable, (item["metadata"]["name"], variable["name"])


@everything
def test_containers_can_write_only_tmp_and_backups(name):
    """K1: only these volumes are mounted."""
    for item, template, container in site_containers(objects(name)):
        volumes = {volume.pop("name"): volume for volume in template["spec"]["volumes"]}
        kinds = {mount["mountPath"]: next(iter(volumes[mount["name"]])) for mount in container["volumeMounts"]}
        backups = {"/backups": "persistentVolumeClaim"} if item["metadata"]["name"] in ("backup", "restore") else {}
        assert kinds == {"/tmp": "emptyDir", **backups}  # noqa: S108  a path in the pod
        template["spec"]["volumes"] = [{"name": key, **value} for key, value in volumes.items()]


@everything
def test_probes_use_pod_address_and_the_right_paths(name):
    """K2 and K3: the probes set no Host, and only the readiness probe checks the database."""
    web = named(objects(name), "Deployment", "web")["spec"]["template"]["spec"]["containers"][0]
    requests = {kind: web[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")}
    assert {kind: get["path"] for kind, get in requests.items()} == {
        "startup": "/livez",
        "liveness": "/livez",
        "readiness": "/readyz",
    }
    assert {get["path"] for get in requests.values()} <= PROBE_VIEWS.keys()
    assert all(get == {"path": get["path"], "port": "http"} for get in requests.values())
    # H1 allows 60 s for a slow start.
    assert web["startupProbe"]["periodSeconds"] * web["startupProbe"]["failureThreshold"] >= 60


@everything
def test_service_account_has_no_token_and_no_permissions(name):
    """K8: a pod has no access to the Kubernetes API."""
    rendered = objects(name)
    accounts = {template["spec"]["serviceAccountName"] for _, template, _ in site_containers(rendered)}
    assert accounts == {"actorsite"}
    assert named(rendered, "ServiceAccount", "actorsite")["automountServiceAccountToken"] is False
    for item in rendered:
        if item["kind"] in ("RoleBinding", "ClusterRoleBinding"):
            assert not accounts & {subject["name"] for subject in item["subjects"]}


def has_time_to_stop(web):
    """Return whether preStop and gunicorn's graceful timeout fit into the grace period."""
    spec = web["spec"]["template"]["spec"]
    pre_stop = spec["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    return spec["terminationGracePeriodSeconds"] > pre_stop + graceful_timeout()


@everything
def test_rollout_and_shutdown_settings_lose_no_request(name):
    """K4: a new pod is ready before an old one stops, and the old one has time to finish its requests."""
    web = named(objects(name), "Deployment", "web")
    assert web["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    assert has_time_to_stop(web)


@pytest.mark.parametrize(
    ("path", "value"),
    [("spec.template.spec.terminationGracePeriodSeconds", 30), (f"{CONTAINER}.lifecycle.preStop.sleep.seconds", 25)],
)
def test_too_short_grace_period_is_reported(path, value):
    assert not has_time_to_stop(change(objects("overlays/dev"), "Deployment", "web", path, value))


def test_base_has_three_replicas_that_wait_for_migrations():
    web = named(objects("components/gateway"), "Deployment", "web")
    assert web["spec"]["replicas"] == 3
    waiting = web["spec"]["template"]["spec"]["initContainers"][0]
    assert "migrate --check" in waiting["args"][-1]


@pytest.mark.parametrize("name", ["components/linkerd", "overlays/article"])
def test_mesh_includes_web_pods_but_not_jobs(name):
    """K9: with a proxy in its pod, a Job never completes. In a web pod, the proxy exits after the last request."""
    for item, template in pod_templates(objects(name)):
        annotations = template["metadata"].get("annotations", {})
        if item["kind"] in ("Job", "CronJob"):
            assert annotations["linkerd.io/inject"] == "disabled"
        elif item["metadata"]["name"] == "web":
            assert annotations["linkerd.io/inject"] == "enabled"
            wait = int(annotations["config.alpha.linkerd.io/proxy-wait-before-exit-seconds"])
            pre_stop = template["spec"]["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
            assert pre_stop + graceful_timeout() < wait < template["spec"]["terminationGracePeriodSeconds"]


def test_metrics_port_matches_service_monitor():
    rendered = objects("components/metrics")
    config = named(rendered, "ConfigMap", "actorsite")["data"]
    ports = named(rendered, "Deployment", "web")["spec"]["template"]["spec"]["containers"][0]["ports"]
    assert {"name": "metrics", "containerPort": int(config["METRICS_PORT"])} in ports
    assert [endpoint["path"] for endpoint in named(rendered, "ServiceMonitor", "web")["spec"]["endpoints"]] == [
        "/metrics"
    ]


@everything
def test_metrics_are_not_routed(name):
    for item in objects(name):
        if item["kind"] in ("HTTPRoute", "Ingress", "Mapping"):
            assert "9090" not in str(item)
            assert "metrics" not in str(item)
