"""Translate a pod template to options of the engine, without side effects.

An unknown field raises UnsupportedError, so that no test passes because the pod
runner ignored a field.
"""

import base64
import re

# Fields without an effect on a single node, or without an effect on the application.
IGNORED_OF_POD = {
    *("serviceAccountName", "serviceAccount", "topologySpreadConstraints", "affinity", "tolerations", "nodeSelector"),
    *("priorityClassName", "dnsPolicy", "schedulerName", "imagePullSecrets"),
}
OF_POD = {
    *("containers", "initContainers", "volumes", "restartPolicy", "terminationGracePeriodSeconds", "securityContext"),
    *("enableServiceLinks", "automountServiceAccountToken"),
}
IGNORED_OF_CONTAINER = {"imagePullPolicy", "terminationMessagePath", "terminationMessagePolicy"}
OF_CONTAINER = {
    *("name", "image", "command", "args", "workingDir", "ports", "env", "envFrom", "resources", "securityContext"),
    *("volumeMounts", "startupProbe", "livenessProbe", "readinessProbe", "lifecycle"),
}
OF_CONTEXT = {
    *("runAsNonRoot", "runAsUser", "runAsGroup", "fsGroup", "fsGroupChangePolicy", "supplementalGroups"),
    *("seccompProfile", "allowPrivilegeEscalation", "readOnlyRootFilesystem", "capabilities"),
}
UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}


class UnsupportedError(Exception):
    """A field or value that the pod runner does not support."""


class RefusedError(Exception):
    """A container that a kubelet would refuse to start, with the reason as message."""


def check(spec):
    """Raise UnsupportedError if a pod's spec has a field that the pod runner does not support."""
    _only(spec, OF_POD | IGNORED_OF_POD, "pod")
    _only(spec.get("securityContext", {}), OF_CONTEXT, "pod securityContext")
    for container in [*spec.get("initContainers", []), *spec["containers"]]:
        _only(container, OF_CONTAINER | IGNORED_OF_CONTAINER, container["name"])
        _only(container.get("securityContext", {}), OF_CONTEXT, f"{container['name']} securityContext")


def _only(mapping, known, where):
    if unknown := mapping.keys() - known:
        raise UnsupportedError(f"{where}: {', '.join(sorted(unknown))}")


def quantity(text):
    """Return a memory quantity, such as 64Mi, in bytes."""
    number, unit = re.fullmatch(r"([0-9]+)([A-Za-z]*)", str(text)).groups()
    return int(number) * UNITS[unit]


def data(item):
    """Return the values of a ConfigMap or Secret as a dict of strings."""
    if item["kind"] == "ConfigMap":
        return dict(item.get("data", {}))
    decoded = {key: base64.b64decode(value).decode() for key, value in item.get("data", {}).items()}
    return decoded | item.get("stringData", {})


def environment(container, lookup, fields, links):
    """Return the environment of a container as a dict, in the order of evaluation.

    ``lookup(kind, name)`` returns a ConfigMap or Secret, or None; ``fields`` has
    the pod's fields by path; ``links`` are the service links. Raises RefusedError if a
    required ConfigMap, Secret or key is missing.
    """
    variables = dict(links)
    for source in container.get("envFrom", []):
        _only(source, {"configMapRef", "secretRef", "prefix"}, "envFrom")
        kind, reference = (
            ("ConfigMap", source["configMapRef"]) if "configMapRef" in source else ("Secret", source["secretRef"])
        )
        item = _lookup(lookup, kind, reference)
        prefix = source.get("prefix", "")
        variables |= {prefix + key: value for key, value in (data(item) if item else {}).items()}
    for entry in container.get("env", []):
        value = _value(entry, lookup, fields)
        if value is not None:
            variables[entry["name"]] = expand(value, variables)
    return variables


def _lookup(lookup, kind, reference):
    item = lookup(kind, reference["name"])
    if item is None and not reference.get("optional"):
        raise RefusedError(f"{kind} {reference['name']} not found")
    return item


def _value(entry, lookup, fields):
    source = entry.get("valueFrom")
    if source is None:
        return entry.get("value", "")
    _only(source, {"configMapKeyRef", "secretKeyRef", "fieldRef"}, entry["name"])
    if "fieldRef" in source:
        path = source["fieldRef"]["fieldPath"]
        if path not in fields:
            raise UnsupportedError(f"{entry['name']}: {path}")
        return fields[path]
    kind = "ConfigMap" if "configMapKeyRef" in source else "Secret"
    reference = source.get("configMapKeyRef") or source["secretKeyRef"]
    item = _lookup(lookup, kind, reference)
    value = data(item).get(reference["key"]) if item else None
    if value is None and not reference.get("optional"):
        raise RefusedError(f"{kind} {reference['name']} has no key {reference['key']}")
    return value


def expand(text, variables):
    """Replace ``$(NAME)`` by the variable of that name if it exists, and ``$$`` by ``$``."""
    return re.sub(
        r"\$\$|\$\(([A-Za-z_][\w.-]*)\)",
        lambda match: "$" if match[0] == "$$" else variables.get(match[1], match[0]),
        str(text),
    )


def service_links(services):
    """Return the variables that Kubernetes sets for Services, ``{name: (address, port)}``."""
    links = {}
    for name, (address, port) in services.items():
        key = name.upper().replace("-", "_")
        links |= {
            f"{key}_SERVICE_HOST": address,
            f"{key}_SERVICE_PORT": str(port),
            f"{key}_PORT": f"tcp://{address}:{port}",
            f"{key}_PORT_{port}_TCP": f"tcp://{address}:{port}",
        }
    return links


def security(spec, container, image_user):
    """Return the options of the engine for the user, the root file system and the capabilities.

    ``image_user`` is the USER of the image. Raises RefusedError if runAsNonRoot is set
    and the user is root or not numeric.
    """
    context = spec.get("securityContext", {}) | container.get("securityContext", {})
    user = context.get("runAsUser", image_user.partition(":")[0] or 0)
    if context.get("runAsNonRoot"):
        if not str(user).isdigit():
            raise RefusedError("container has runAsNonRoot and image has non-numeric user")
        if int(user) == 0:
            raise RefusedError("container has runAsNonRoot and image will run as root")
    group = context.get("runAsGroup", image_user.partition(":")[2] if "runAsUser" not in context else 0) or 0
    options = ["--user", f"{user}:{group}"]
    for extra in [*context.get("supplementalGroups", []), *([context["fsGroup"]] if "fsGroup" in context else [])]:
        options += ["--group-add", extra]
    if context.get("readOnlyRootFilesystem"):
        options += ["--read-only"]
    if context.get("allowPrivilegeEscalation") is False:
        options += ["--security-opt", "no-new-privileges"]
    if context.get("seccompProfile", {}).get("type", "RuntimeDefault") != "RuntimeDefault":
        raise UnsupportedError("seccompProfile")
    for verb in ("drop", "add"):
        for capability in context.get("capabilities", {}).get(verb, []):
            options += [f"--cap-{verb}", capability]
    return options


def resources(container):
    """Return the options of the engine for the resource limits. Resource requests affect only scheduling."""
    limits = container.get("resources", {}).get("limits", {})
    _only(limits, {"memory", "cpu", "ephemeral-storage"}, "limits")
    options = []
    if "memory" in limits:
        # No swap: a container that exceeds the limit is killed.
        options += ["--memory", quantity(limits["memory"]), "--memory-swap", quantity(limits["memory"])]
    if "cpu" in limits:
        cpu = str(limits["cpu"])
        options += ["--cpus", int(cpu[:-1]) / 1000 if cpu.endswith("m") else cpu]
    return options


def command(container, variables):
    """Return (entrypoint or None, arguments), with ``$(NAME)`` replaced."""
    entry = [expand(word, variables) for word in container.get("command", [])]
    arguments = [expand(word, variables) for word in container.get("args", [])]
    return (entry[0], entry[1:] + arguments) if entry else (None, arguments)


def port(container, number_or_name):
    """Return the number of a port, given by number or name. Raises RefusedError if the name is unknown."""
    if str(number_or_name).isdigit():
        return int(number_or_name)
    for entry in container.get("ports", []):
        if entry.get("name") == number_or_name:
            return entry["containerPort"]
    raise RefusedError(f"{container['name']} has no port {number_or_name}")
