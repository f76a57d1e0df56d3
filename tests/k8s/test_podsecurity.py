"""K1 and K8: every pod meets the Pod Security Standard *restricted*, and the check reports each violation."""

import pytest

from tests.k8s.kustomize import EVERYTHING, change, objects, pod_templates
from tests.k8s.podsecurity import violations

pytestmark = [pytest.mark.once, pytest.mark.xdist_group("k8s")]

POD = "spec.template.spec"
CONTEXT = f"{POD}.securityContext"
CONTAINER = f"{POD}.containers.0"
INIT = f"{POD}.initContainers.0"


# Fluent Bit reads the node's log files, which belong to root, and labels from the Kubernetes API.
COLLECTOR = {
    ("logging", "fluent-bit"): [
        "volume hostPath",
        "volume hostPath",
        "service account token",
        "fluent-bit: runAsNonRoot",
        "fluent-bit: runAsUser 0",
    ]
}


@pytest.mark.parametrize("name", EVERYTHING)
def test_pods_meet_the_restricted_standard(name):
    for item, template in pod_templates(objects(name)):
        key = item["metadata"]["namespace"], item["metadata"]["name"]
        assert violations(template) == COLLECTOR.get(key, []), key


@pytest.mark.parametrize("name", EVERYTHING)
def test_namespaces_enforce_the_restricted_level(name):
    rendered = objects(name)
    levels = {
        item["metadata"]["name"]: item["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
        for item in rendered
        if item["kind"] == "Namespace"
    }
    for item, _ in pod_templates(rendered):
        namespace = item["metadata"]["namespace"]
        assert levels[namespace] == ("privileged" if namespace == "logging" else "restricted")


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        (f"{POD}.hostNetwork", True, "hostNetwork"),
        (f"{POD}.hostPID", True, "hostPID"),
        (f"{POD}.hostIPC", True, "hostIPC"),
        (f"{POD}.volumes.0", {"name": "tmp", "hostPath": {"path": "/"}}, "volume hostPath"),
        (f"{POD}.automountServiceAccountToken", None, "service account token"),
        (f"{POD}.automountServiceAccountToken", True, "service account token"),
        (f"{POD}.enableServiceLinks", None, "service links"),
        (f"{CONTEXT}.runAsNonRoot", None, "web: runAsNonRoot"),
        (f"{CONTEXT}.runAsNonRoot", False, "web: runAsNonRoot"),
        (f"{CONTEXT}.runAsUser", None, "no numeric user"),
        (f"{CONTEXT}.runAsUser", 0, "runAsUser 0"),
        (f"{CONTEXT}.seccompProfile", None, "web: seccompProfile"),
        (f"{CONTEXT}.seccompProfile.type", "Unconfined", "seccompProfile"),
        (f"{CONTEXT}.appArmorProfile", {"type": "Unconfined"}, "appArmorProfile"),
        (f"{CONTEXT}.seLinuxOptions", {"type": "spc_t"}, "seLinuxOptions"),
        (f"{CONTEXT}.sysctls", [{"name": "kernel.msgmax", "value": "1"}], "sysctl kernel.msgmax"),
        (f"{CONTEXT}.windowsOptions", {"hostProcess": True}, "hostProcess"),
        (f"{CONTAINER}.ports.0.hostPort", 80, "web: hostPort"),
        (f"{CONTAINER}.livenessProbe.httpGet.host", "10.0.0.1", "web: probe or hook to another host"),
        (f"{CONTAINER}.lifecycle.preStop.httpGet.host", "10.0.0.1", "web: probe or hook to another host"),
        *(
            (f"{container}.securityContext.{path}", value, f"{name}: {problem}")
            for container, name in ((CONTAINER, "web"), (INIT, "wait-for-migrations"))
            for path, value, problem in (
                ("privileged", True, "privileged"),
                ("allowPrivilegeEscalation", None, "allowPrivilegeEscalation"),
                ("allowPrivilegeEscalation", True, "allowPrivilegeEscalation"),
                ("readOnlyRootFilesystem", None, "writable root"),
                ("readOnlyRootFilesystem", False, "writable root"),
                ("runAsNonRoot", False, "runAsNonRoot"),
                ("runAsUser", 0, "runAsUser 0"),
                ("capabilities", None, "capabilities not dropped"),
                ("capabilities.drop.0", "NET_RAW", "capabilities not dropped"),
                ("capabilities.add", ["SYS_ADMIN"], "capabilities added"),
                ("seccompProfile", {"type": "Unconfined"}, "seccompProfile"),
                ("appArmorProfile", {"type": "Unconfined"}, "appArmorProfile"),
                ("seLinuxOptions", {"role": "x"}, "seLinuxOptions"),
                ("procMount", "Unmasked", "procMount"),
            )
        ),
    ],
)
def test_pod_with_forbidden_field_is_reported(path, value, problem):
    web = change(objects("overlays/dev"), "Deployment", "web", path, value)
    assert problem in violations(web["spec"]["template"])
