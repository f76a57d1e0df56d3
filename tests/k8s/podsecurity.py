"""The Pod Security Standard *restricted*, with additional requirements (K1 and K8 of tests/platform/test_contracts.py).

Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

from tests.k8s.kustomize import containers

VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
SYSCTLS = {
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
}
SELINUX_TYPES = {None, "", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}


def violations(template):
    """Return a list of the violations of a pod template."""
    return [*_of_pod(template), *(text for item in containers(template) for text in _of_container(template, item))]


def _of_pod(template):
    spec = template["spec"]
    context = spec.get("securityContext", {})
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(field):
            yield field
    for volume in spec.get("volumes", []):
        for kind in volume.keys() - {"name"} - VOLUMES:
            yield f"volume {kind}"
    for sysctl in context.get("sysctls", []):
        if sysctl["name"] not in SYSCTLS:
            yield f"sysctl {sysctl['name']}"
    if context.get("runAsUser") == 0:
        yield "runAsUser 0"
    yield from _of_either(context, template)
    for key, value in template.get("metadata", {}).get("annotations", {}).items():
        if key.startswith("container.apparmor.security.beta.kubernetes.io/") and value not in (
            "",
            "runtime/default",
        ):
            yield "AppArmor"
    # K1 and K8
    if "runAsUser" not in context:
        yield "no numeric user"
    if spec.get("automountServiceAccountToken") is not False:
        yield "service account token"
    if spec.get("enableServiceLinks") is not False:
        yield "service links"


def _of_either(context, template):
    if context.get("windowsOptions", {}).get("hostProcess"):
        yield "hostProcess"
    if context.get("seccompProfile", {}).get("type", "RuntimeDefault") not in ("RuntimeDefault", "Localhost"):
        yield "seccompProfile"
    if context.get("appArmorProfile", {}).get("type", "RuntimeDefault") not in ("RuntimeDefault", "Localhost"):
        yield "appArmorProfile"
    selinux = context.get("seLinuxOptions", {})
    if selinux.get("type") not in SELINUX_TYPES or selinux.get("user") or selinux.get("role"):
        yield "seLinuxOptions"


def _of_container(template, container):
    context = container.get("securityContext", {})
    pod = template["spec"].get("securityContext", {})
    name = container["name"]
    if context.get("privileged"):
        yield f"{name}: privileged"
    if context.get("allowPrivilegeEscalation") is not False:
        yield f"{name}: allowPrivilegeEscalation"
    if context.get("runAsNonRoot", pod.get("runAsNonRoot")) is not True:
        yield f"{name}: runAsNonRoot"
    if context.get("runAsUser") == 0:
        yield f"{name}: runAsUser 0"
    if "seccompProfile" not in pod and "seccompProfile" not in context:
        yield f"{name}: seccompProfile"
    capabilities = context.get("capabilities", {})
    if "ALL" not in capabilities.get("drop", []):
        yield f"{name}: capabilities not dropped"
    if set(capabilities.get("add", [])) - {"NET_BIND_SERVICE"}:
        yield f"{name}: capabilities added"
    if context.get("procMount", "Default") != "Default":
        yield f"{name}: procMount"
    if any(port.get("hostPort") for port in container.get("ports", [])):
        yield f"{name}: hostPort"
    handlers = [container.get(f"{kind}Probe", {}) for kind in ("startup", "liveness", "readiness")]
    handlers += container.get("lifecycle", {}).values()
    if any(handler.get(action, {}).get("host") for handler in handlers for action in ("httpGet", "tcpSocket")):
        yield f"{name}: probe or hook to another host"
    yield from (f"{name}: {text}" for text in _of_either(context, template))
    # K1
    if context.get("readOnlyRootFilesystem") is not True:
        yield f"{name}: writable root"
