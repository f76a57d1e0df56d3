"""The Deployment of the replaced page runs the site on its database, with a new image and two more variables."""

import copy
from pathlib import Path

import pytest

from tests.actors.migrations.test_adoption import OLD
from tests.k8s.kustomize import named, parse
from tests.platform import podrunner, site
from tests.platform.engine import IMAGE

pytestmark = pytest.mark.xdist_group("contracts")

MANIFESTS = Path(__file__).parent / "replaced"
HEADERS = {"Host": "actors.example.org", "X-Forwarded-Proto": "https"}


def test_deployment_of_replaced_page_runs_new_image_on_its_database():
    rendered = [item for name in ("database", "Deployment") for item in parse((MANIFESTS / f"{name}.yaml").read_text())]
    deployment = named(rendered, "Deployment", "actors-web")
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    container["image"] = ":".join(site.qualified(IMAGE))
    with podrunner.PodRunner() as runner:
        runner.apply([item for item in rendered if item["kind"] != "Deployment"])
        runner.wait_rolled_out("actors-db", kind="StatefulSet")
        (database,) = runner.pods("actors-db", kind="StatefulSet")

        def sql(statement):
            command = ("psql", "--host=/tmp", "--username=actors", "--dbname=dvdrental", "-XAtq", "-c")
            return database.exec(*command, statement).strip()

        sql(OLD)
        before = sql("SELECT actor_id, first_name, last_name, last_update FROM actor ORDER BY actor_id")
        adopt = {"name": "adopt", **{key: container[key] for key in ("image", "env")}, "args": ["release"]}
        runner.apply([_job(adopt)])
        runner.wait_complete("adopt")
        runner.apply([deployment])
        runner.wait_rolled_out("actors-web")
        pods = runner.pods("actors-web")
        assert len(pods) == 3
        for pod in pods:
            status, headers, body = runner.get("/health", "actors-web", pod=pod)
            assert (status, body, headers["health-check"]) == (200, b"healthy", "healthy")
            status, _, body = runner.get("/", "actors-web", HEADERS, pod)
            assert status == 200 and b"FIRST" in body
            assert runner.get("/livez", "actors-web", pod=pod)[0] == 200
            status, _, body = runner.get("/spotlight/", "actors-web", HEADERS, pod)
            assert status == 200 and pod.name.encode() in body
        assert sql("SELECT actor_id, first_name, last_name, last_update FROM actor ORDER BY actor_id") == before
        # As with the replaced page, a file makes /health fail, and the old probes restart the server.
        victim = pods[0]
        victim.exec("sh", "-c", "echo ill > /tmp/healthy")
        assert runner.get("/health", "actors-web", pod=victim)[0] == 500
        runner.wait(lambda: victim.restarts == 1 and victim.ready, 90, "the pod is not restarted")


def _job(container):
    spec = {"restartPolicy": "Never", "containers": [copy.deepcopy(container)]}
    template = {"metadata": {"labels": {"app": "adopt"}}, "spec": spec}
    return {"kind": "Job", "metadata": {"name": "adopt"}, "spec": {"backoffLimit": 0, "template": template}}
