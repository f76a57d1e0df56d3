"""Every overlay, and every component on the base, is valid and has no dangling references."""

import re
from itertools import pairwise

import pytest

from tests.k8s import schemas
from tests.k8s.kustomize import (
    COMPONENTS,
    DIGESTS,
    EVERYTHING,
    IMAGE,
    K8S,
    build_with,
    change,
    named,
    objects,
    parse,
    text,
)
from tests.k8s.references import Cluster, created_secrets

pytestmark = [pytest.mark.once, pytest.mark.xdist_group("k8s")]
everything = pytest.mark.parametrize("name", EVERYTHING)


@everything
def test_rendering_of_manifests_is_reproducible(name):
    first = text(name)
    text.cache_clear()
    assert text(name) == first


@everything
def test_rendered_objects_are_unique(name):
    keys = [(item["kind"], item["metadata"].get("namespace"), item["metadata"]["name"]) for item in objects(name)]
    assert sorted(set(keys), key=str) == sorted(keys, key=str)


@everything
@pytest.mark.parametrize("version", schemas.VERSIONS)
def test_objects_match_kubernetes_schemas(name, version):
    for item in objects(name):
        if not schemas.is_custom(item):
            schemas.check(item, version)


@pytest.mark.parametrize(
    ("kind", "name", "path", "value"),
    [
        ("Deployment", "web", "spec.replica", 3),
        ("Deployment", "web", "spec.template.spec.containers.0.livenessProbe.path", "/livez"),
        ("Deployment", "web", "spec.template.spec.terminationGracePeriodSeconds", "45"),
        ("NetworkPolicy", "web", "spec.ingress.0.ports.0.protocols", "TCP"),
        ("Job", "migrate", "apiVersion", "batch/v1beta1"),
    ],
)
def test_object_with_schema_error_is_reported(kind, name, path, value):
    item = change(objects("overlays/dev"), kind, name, path, value)
    with pytest.raises(schemas.InvalidObjectError):
        schemas.check(item, schemas.VERSIONS[-1])


@pytest.mark.skipif(not schemas.CRDS.is_dir(), reason=f"NOT CHECKED: no schemas of custom resources at {schemas.CRDS}")
@everything
def test_custom_resources_match_their_schemas(name):
    for item in objects(name):
        if schemas.is_custom(item):
            schemas.check_custom(item)


@pytest.mark.skipif(not schemas.CRDS.is_dir(), reason=f"NOT CHECKED: no schemas of custom resources at {schemas.CRDS}")
@pytest.mark.parametrize(
    ("component", "kind", "name", "path", "value"),
    [
        ("gateway", "HTTPRoute", "web", "spec.rules.0.backendRefs.0.ports", 80),
        ("gateway", "Gateway", "actorsite", "apiVersion", "gateway.networking.k8s.io/v1alpha2"),
        ("emissary", "Mapping", "web", "spec.host_name", "a"),
        ("emissary", "Listener", "http", "spec.securityModel", None),
        ("cert-manager", "Issuer", "letsencrypt", "spec.acme.solvers.0.http01.gatewayHTTPRoute.parents", []),
        ("cnpg", "Cluster", "database", "spec.backup.barmanObjectStores", {}),
        ("cnpg", "Cluster", "database", "spec.storage.size", 10),
        ("cnpg", "ScheduledBackup", "database", "spec.method", "barman"),
        ("external-secrets", "ExternalSecret", "actorsite", "spec.secretStoreRef.namespace", "x"),
    ],
)
def test_custom_resource_with_schema_error_is_reported(component, kind, name, path, value):
    item = change(objects(f"components/{component}"), kind, name, path, value)
    with pytest.raises(schemas.InvalidObjectError):
        schemas.check_custom(item)


@pytest.mark.parametrize("component", COMPONENTS)
def test_component_renders_alone_on_the_base(component):
    build_with({"resources": ["base"], "components": [f"components/{component}"]})


@everything
def test_manifests_have_no_dangling_references(name):
    assert Cluster(objects(name), created_secrets()).problems() == []


COMPONENT = "app\\.kubernetes\\.io/component"
POD = "spec.template.spec"
CONTAINER = f"{POD}.containers.0"
DANGLING_REFERENCES = {
    "overlays/dev": [
        ("Namespace", "actorsite", "metadata.name", "other", "no Namespace actorsite"),
        ("ServiceAccount", "actorsite", "metadata.name", "other", "no ServiceAccount actorsite"),
        ("ConfigMap", "actorsite", "metadata.name", "other", "no ConfigMap actorsite"),
        ("Deployment", "web", "spec.selector.matchLabels.a", "b", "does not select its own pods"),
        ("Job", "migrate", f"spec.template.metadata.labels.{COMPONENT}", "web", "also selects other pods"),
        ("Deployment", "web", f"{POD}.topologySpreadConstraints.0.labelSelector.matchLabels.a", "b", "other pods"),
        ("Deployment", "web", f"{CONTAINER}.livenessProbe.httpGet.port", "web", "no port web"),
        ("Deployment", "web", f"{CONTAINER}.ports.0.name", "web", "no port http"),
        ("Deployment", "web", f"{CONTAINER}.volumeMounts.0.name", "x", "no volume x"),
        ("Deployment", "web", f"{POD}.volumes.0.name", "x", "volume x is not mounted"),
        ("Deployment", "web", f"{CONTAINER}.env.0.valueFrom.secretKeyRef.name", "x", "no Secret x"),
        ("Deployment", "web", f"{CONTAINER}.env.0.valueFrom.secretKeyRef.key", "X", "no key X"),
        ("Deployment", "web", f"{CONTAINER}.envFrom.0.configMapRef.name", "x", "no ConfigMap x"),
        ("Service", "web", "spec.selector.a", "b", "no pods"),
        ("Service", "web", "spec.ports.0.targetPort", 80, "no port 80"),
        ("Service", "postgres", "metadata.name", "x", "no Service postgres"),
        ("PodDisruptionBudget", "web", "spec.selector.matchLabels.a", "b", "no pods"),
        ("NetworkPolicy", "web", "spec.podSelector.matchLabels.a", "b", "no pods"),
        ("NetworkPolicy", "web", "spec.ingress.0.ports.0.port", "web", "no port web"),
        ("NetworkPolicy", "postgres", "spec.ingress.0.from.0.podSelector.matchLabels.a", "b", "no pods"),
    ],
    "components/gateway": [
        ("Gateway", "actorsite", "spec.listeners.1.tls.certificateRefs.0.name", "x", "no Secret x"),
        ("Gateway", "actorsite", "spec.listeners.1.hostname", "a.example", "host a.example"),
        ("HTTPRoute", "web", "spec.parentRefs.0.name", "x", "no Gateway x"),
        ("HTTPRoute", "web", "spec.parentRefs.0.sectionName", "x", "no listener x"),
        ("HTTPRoute", "web", "spec.rules.0.backendRefs.0.name", "x", "no Service x"),
        ("HTTPRoute", "web", "spec.rules.0.backendRefs.0.port", 5000, "no port 5000"),
        ("HTTPRoute", "web", "spec.hostnames.0", "a.example", "host a.example"),
        ("Issuer", "letsencrypt", "metadata.name", "x", "no Issuer letsencrypt"),
        ("Issuer", "letsencrypt", "spec.acme.solvers.0.http01.gatewayHTTPRoute.parentRefs.0.name", "x", "no Gateway x"),
        ("Certificate", "actorsite", "spec.dnsNames.0", "a.example", "host a.example"),
        ("Certificate", "actorsite", "spec.secretName", "x", "no Secret actorsite-tls"),
        ("NetworkPolicy", "acme-challenge", "spec.podSelector.matchLabels.a", "b", "no pods"),
    ],
    "components/ingress": [
        ("Ingress", "web", "spec.rules.0.http.paths.0.backend.service.name", "x", "no Service x"),
        ("Ingress", "web", "spec.rules.0.http.paths.0.backend.service.port.name", "x", "no port x"),
        ("Ingress", "web", "spec.rules.0.host", "a.example", "host a.example"),
        ("Ingress", "web", "spec.tls.0.hosts.0", "a.example", "host a.example"),
        ("Ingress", "web", "spec.tls.0.secretName", "x", "no Secret x"),
    ],
    "components/emissary": [
        ("Mapping", "web", "spec.service", "web:5000", "no port 5000"),
        ("Mapping", "web", "spec.hostname", "a.example", "host a.example"),
        ("Mapping", "web", "metadata.labels.app\\.kubernetes\\.io/name", "x", "no Host"),
        ("Host", "actorsite", "spec.hostname", "a.example", "host a.example"),
        ("Host", "actorsite", "spec.tlsSecret.name", "x", "no Secret x"),
        ("Host", "actorsite", "spec.tlsContext.name", "x", "no TLSContext x"),
        ("TLSContext", "actorsite", "spec.secret", "x", "no Secret x"),
        ("TLSContext", "actorsite", "spec.hosts.0", "a.example", "host a.example"),
        ("Service", "acme-challenge", "spec.selector.a", "b", "no pods"),
    ],
    "components/linkerd": [
        ("NetworkPolicy", "linkerd", "spec.ingress.0.ports.0.port", 4142, "no port 4142"),
        ("Deployment", "web", "spec.template.metadata.annotations", {}, "no port 4143"),
    ],
    "components/hpa": [
        ("HorizontalPodAutoscaler", "web", "spec.scaleTargetRef.name", "x", "no Deployment x"),
        ("Deployment", "web", "spec.replicas", 3, "also sets replicas"),
    ],
    "components/logging": [
        ("RoleBinding", "fluent-bit", "roleRef.name", "x", "no Role x"),
        ("RoleBinding", "fluent-bit", "subjects.0.name", "x", "no ServiceAccount x"),
        ("DaemonSet", "fluent-bit", f"{POD}.volumes.0.configMap.name", "x", "no ConfigMap x"),
        ("DaemonSet", "fluent-bit", f"{POD}.volumes.1.secret.secretName", "x", "no Secret x"),
    ],
    "components/metrics": [
        ("ServiceMonitor", "web", "spec.endpoints.0.port", "x", "no port x"),
        ("ServiceMonitor", "web", "spec.selector.matchLabels.a", "b", "no port metrics"),
        ("NetworkPolicy", "metrics", "spec.ingress.0.ports.0.port", "x", "no port x"),
        ("Deployment", "web", f"{CONTAINER}.ports.1.name", "x", "no port metrics"),
    ],
    "components/cnpg": [
        ("Cluster", "database", "metadata.name", "x", "no Cluster database"),
        ("Cluster", "database", "spec.plugins.0.parameters.barmanObjectName", "x", "no ObjectStore x"),
        ("Cluster", "database", "spec.plugins.0.name", "x", "no plugin barman-cloud.cloudnative-pg.io"),
        ("ObjectStore", "backups", "spec.configuration.s3Credentials.accessKeyId.key", "X", "no key X"),
        ("NetworkPolicy", "database", "spec.egress.0.to.0.podSelector.matchLabels.a", "b", "no pods"),
    ],
}


@pytest.mark.parametrize(
    ("rendered", "kind", "name", "path", "value", "problem"),
    [(rendered, *case) for rendered, cases in DANGLING_REFERENCES.items() for case in cases],
)
def test_dangling_reference_is_reported(rendered, kind, name, path, value, problem):
    rendered = objects(rendered)
    change(rendered, kind, name, path, value)
    problems = Cluster(rendered, created_secrets()).problems()
    assert any(problem in text for text in problems), problems


def test_new_image_creates_new_migration_job():
    """K5: the name of the Job depends only on the image."""
    names = []
    for digest in (DIGESTS[0], DIGESTS[0], DIGESTS[1]):
        image = {"name": "actorsite", "newName": IMAGE, "digest": digest}
        rendered = parse(build_with({"resources": ["base"], "images": [image]}))
        job = named(rendered, "Job", "migrate")
        assert job["spec"]["template"]["spec"]["containers"][0]["image"] == f"{IMAGE}@{digest}"
        names.append(job["metadata"]["name"])
    assert [before == after for before, after in pairwise(names)] == [True, False]


def test_changed_setting_restarts_web_pods_but_not_migration_job():
    """K5 and K7: the cluster would refuse a Job that changes with a setting."""
    before, after = (
        parse(
            build_with(
                {
                    "resources": ["base"],
                    "configMapGenerator": [
                        {
                            "name": "actorsite",
                            "namespace": "actorsite",
                            "behavior": "merge",
                            "literals": [f"WEB_THREADS={threads}"],
                        }
                    ],
                }
            )
        )
        for threads in (4, 5)
    )
    assert named(before, "Deployment", "web") != named(after, "Deployment", "web")
    assert named(before, "Job", "migrate") == named(after, "Job", "migrate")


def test_manifest_files_belong_to_a_kustomization():
    """A manifest that no kustomization lists is never deployed."""
    for file in K8S.rglob("*.yaml"):
        if file.name != "kustomization.yaml":
            assert re.search(
                rf"(^\s*- |path: |=){file.name}$", (file.parent / "kustomization.yaml").read_text(), re.M
            ), file


@everything
def test_skipped_checkov_checks_have_a_reason(name):
    for item in objects(name):
        annotations = item["metadata"].get("annotations", {})
        for key, value in annotations.items():
            if key.startswith("checkov.io/"):
                assert re.fullmatch(r"CKV2?_K8S_[0-9]+=.{20,}\.", value), value
