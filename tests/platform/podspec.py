"""The translation of a pod template to options of the engine, without side effects.

A field that is not known here raises Unsupported, so that no manifest passes
because the runner has ignored a field.
"""

import base64
import re

# Fields without effect on a single node, or without one that the application could see.
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


class Unsupported(Exception):
    """The manifest has a field or value that the runner does not know."""


class Refused(Exception):
    """A kubelet would not start this container; the message says why."""


def check(spec):
    """Raise Unsupported if a pod's spec has a field that the runner does not know."""
    _only(spec, OF_POD | IGNORED_OF_POD, "pod")
    _only(spec.get("securityContext", {}), OF_CONTEXT, "pod securityContext")
    for container in [*spec.get("initContainers", []), *spec["containers"]]:
        _only(container, OF_CONTAINER | IGNORED_OF_CONTAINER, container["name"])
        _only(container.get("securityContext", {}), OF_CONTEXT, f"{container['name']} securityContext")


def _only(mapping, known, where):
    if unknown := mapping.keys() - known:
        raise Unsupported(f"{where}: {', '.join(sorted(unknown))}")


def quantity(text):
    """Return a quantity of memory in bytes."""
    number, unit = re.fullmatch(r"([0-9]+)([A-Za-z]*)", str(text)).groups()
    return int(number) * UNITS[unit]


def data(item):
    """Return the values of a ConfigMap or Secret, as a dict of texts."""
    if item["kind"] == "ConfigMap":
        return dict(item.get("data", {}))
    decoded = {key: base64.b64decode(value).decode() for key, value in item.get("data", {}).items()}
    return decoded | item.get("stringData", {})


def environment(container, lookup, fields, links):
    """Return a container's variables, as a dict in the order in which they take effect.

    ``lookup(kind, name)`` finds a ConfigMap or Secret or returns None;
    ``fields`` are the pod's own, by path; ``links`` are the service links.
    Raises Refused if a reference that is not optional refers to nothing.
    """
    variables = dict(links)
    for source in container.get("envFrom", []):
        _only(source, {"configMapRef", "secretRef", "prefix"}, "envFrom")
        kind, reference = (
            ("ConfigMap", source["configMapRef"]) if "configMapRef" in source else ("Secret", source["secretRef"])
        )
        found = _found(lookup, kind, reference)
        prefix = source.get("prefix", "")
        variables |= {prefix + key: value for key, value in (data(found) if found else {}).items()}
    for entry in container.get("env", []):
        value = _value(entry, lookup, fields)
        if value is not None:
            variables[entry["name"]] = expand(value, variables)
    return variables


def _found(lookup, kind, reference):
    found = lookup(kind, reference["name"])
    if found is None and not reference.get("optional"):
        raise Refused(f"{kind} {reference['name']} not found")
    return found


def _value(entry, lookup, fields):
    source = entry.get("valueFrom")
    if source is None:
        return entry.get("value", "")
    _only(source, {"configMapKeyRef", "secretKeyRef", "fieldRef"}, entry["name"])
    if "fieldRef" in source:
        path = source["fieldRef"]["fieldPath"]
        if path not in fields:
            raise Unsupported(f"{entry['name']}: {path}")
        return fields[path]
    kind = "ConfigMap" if "configMapKeyRef" in source else "Secret"
    reference = source.get("configMapKeyRef") or source["secretKeyRef"]
    found = _found(lookup, kind, reference)
    value = data(found).get(reference["key"]) if found else None
    if value is None and not reference.get("optional"):
        raise Refused(f"{kind} {reference['name']} has no key {reference['key']}")
    return value


def expand(text, variables):
    """Replace ``$(NAME)`` by the variable, where there is one; ``$$`` stands for ``$``."""
    return re.sub(
        r"\$\$|\$\(([A-Za-z_][\w.-]*)\)",
        lambda found: "$" if found[0] == "$$" else variables.get(found[1], found[0]),
        str(text),
    )


def service_links(services):
    """Return the variables that Kubernetes sets for ``{name: (address, port)}``, unless a pod disables them."""
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
    """Return the engine's options for the user, the root file system and the capabilities.

    ``image_user`` is the USER of the image. Raises Refused as a kubelet does
    for runAsNonRoot.
    """
    context = spec.get("securityContext", {}) | container.get("securityContext", {})
    user = context.get("runAsUser", image_user.partition(":")[0] or 0)
    if context.get("runAsNonRoot"):
        if not str(user).isdigit():
            raise Refused("container has runAsNonRoot and image has non-numeric user")
        if int(user) == 0:
            raise Refused("container has runAsNonRoot and image will run as root")
    group = context.get("runAsGroup", image_user.partition(":")[2] if "runAsUser" not in context else 0) or 0
    options = ["--user", f"{user}:{group}"]
    for extra in [*context.get("supplementalGroups", []), *([context["fsGroup"]] if "fsGroup" in context else [])]:
        options += ["--group-add", extra]
    if context.get("readOnlyRootFilesystem"):
        options += ["--read-only"]
    if context.get("allowPrivilegeEscalation") is False:
        options += ["--security-opt", "no-new-privileges"]
    if context.get("seccompProfile", {}).get("type", "RuntimeDefault") != "RuntimeDefault":
        raise Unsupported("seccompProfile")
    for verb in ("drop", "add"):
        for capability in context.get("capabilities", {}).get(verb, []):
            options += [f"--cap-{verb}", capability]
    return options


def resources(container):
    """Return the engine's options for the limits. Requests only choose a node."""
    limits = container.get("resources", {}).get("limits", {})
    _only(limits, {"memory", "cpu", "ephemeral-storage"}, "limits")
    options = []
    if "memory" in limits:
        # No swap: a container that needs more is killed.
        options += ["--memory", quantity(limits["memory"]), "--memory-swap", quantity(limits["memory"])]
    if "cpu" in limits:
        cpu = str(limits["cpu"])
        options += ["--cpus", int(cpu[:-1]) / 1000 if cpu.endswith("m") else cpu]
    return options


def command(container, variables):
    """Return (entrypoint or None, arguments) with ``$(NAME)`` replaced."""
    entry = [expand(word, variables) for word in container.get("command", [])]
    arguments = [expand(word, variables) for word in container.get("args", [])]
    return (entry[0], entry[1:] + arguments) if entry else (None, arguments)


def port(container, wanted):
    """Return the number of the port ``wanted``, a number or a name. Raises Refused for an unknown name."""
    if str(wanted).isdigit():
        return int(wanted)
    for entry in container.get("ports", []):
        if entry.get("name") == wanted:
            return entry["containerPort"]
    raise Refused(f"{container['name']} has no port {wanted}")
