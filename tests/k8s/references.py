"""Check rendered manifests for dangling references: names, selectors and ports that don't exist."""

import shlex

from tests.k8s.kustomize import K8S, containers, pod_templates

# Ports of the injected proxy: https://linkerd.io/2/features/proxy-injection/
LINKERD_PORTS = {4143, 4190, 4191}
# Secrets that Elastic's operator creates for an Elasticsearch with the name `elasticsearch`.
ELASTIC_SECRETS = {"elasticsearch-es-elastic-user": {"elastic"}, "elasticsearch-es-http-certs-public": {"ca.crt"}}
CLUSTER_WIDE = ("Namespace", "ClusterRole", "ClusterRoleBinding")


def created_secrets(text=None):
    """Return {(namespace, name): keys} of the Secrets that the commands in k8s/README.md create."""
    text = (K8S / "README.md").read_text() if text is None else text
    created = {}
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True) if line.startswith("kubectl create secret generic ") else []
        if words:
            keys = {word.split("=")[1] for word in words if word.startswith(("--from-literal=", "--from-file="))}
            namespace = next(word.split("=")[1] for word in words if word.startswith("--namespace="))
            created[namespace, words[4]] = created.get((namespace, words[4]), set()) | keys
    return created


class Cluster:
    """The objects of rendered manifests. ``problems()`` lists the dangling references."""

    def __init__(self, rendered, secrets):
        self.rendered = rendered
        self.index = {(item["kind"], self.namespace(item), item["metadata"]["name"]): item for item in rendered}
        self.secrets = dict(secrets) | {("logging", name): keys for name, keys in ELASTIC_SECRETS.items()}
        # (namespace, labels, template or None) of every kind of pod; None if an operator creates the pod.
        self.pods = [
            (self.namespace(item), template["metadata"]["labels"], template)
            for item, template in pod_templates(rendered)
        ]
        for item in rendered:
            self._add_operator_objects(item)
        self.hosts = self.allowed_hosts()

    def _add_operator_objects(self, item):
        """Record the Secrets and pods that an operator creates for a custom resource."""
        namespace, spec, name = self.namespace(item), item.get("spec", {}), item["metadata"]["name"]
        if item["kind"] == "Certificate":
            self.secrets[namespace, spec["secretName"]] = {"tls.crt", "tls.key"}
        elif item["kind"] == "ExternalSecret":
            self.secrets[namespace, spec["target"]["name"]] = {data["secretKey"] for data in spec["data"]}
        elif item["kind"] == "Issuer":
            self.pods.append((namespace, {"acme.cert-manager.io/http01-solver": "true"}, None))
        elif item["kind"] == "Cluster":
            self.secrets[namespace, f"{name}-app"] = {"dbname", "host", "password", "port", "uri", "user", "username"}
            self.pods.append((namespace, {"cnpg.io/cluster": name}, None))

    @staticmethod
    def namespace(item):
        return None if item["kind"] in CLUSTER_WIDE else item["metadata"].get("namespace", "default")

    def allowed_hosts(self):
        for (kind, _, name), item in self.index.items():
            if kind == "ConfigMap" and name.startswith("actorsite"):
                return item["data"]["ALLOWED_HOSTS"].split(",")
        return []

    def problems(self):
        """Return a message for each dangling reference, in the order of the manifests."""
        problems = []
        for item in self.rendered:
            where = f"{item['kind']} {item['metadata']['name']}: "
            namespace = self.namespace(item)
            if namespace and ("Namespace", None, namespace) not in self.index:
                problems.append(f"{where}no Namespace {namespace}")
            check = getattr(self, f"_{item['kind'].lower()}", None)
            if check:
                problems += [where + text for text in check(item, namespace)]
        for item, template in pod_templates(self.rendered):
            where = f"{item['kind']} {item['metadata']['name']}: "
            claims = [claim["metadata"]["name"] for claim in item["spec"].get("volumeClaimTemplates", [])]
            problems += [where + text for text in self._template(template, self.namespace(item), claims)]
        return problems

    # Targets of references

    def missing(self, kind, namespace, name, key=None):
        """Yield a problem if an object, or a key of its data, does not exist."""
        if kind == "Secret" and (namespace, name) in self.secrets:
            keys = self.secrets[namespace, name]
        elif (kind, namespace, name) in self.index:
            keys = self.index[kind, namespace, name].get("data", {}).keys()
        else:
            yield f"no {kind} {name}"
            return
        if key is not None and key not in keys:
            yield f"no key {key} in {kind} {name}"

    def selected(self, namespace, selector):
        """Return the pods that a label selector selects in a namespace."""
        labels = selector.get("matchLabels", {}) if set(selector) <= {"matchLabels"} else None
        assert labels is not None, f"unsupported selector: {selector}"
        return [pod for pod in self.pods if pod[0] == namespace and labels.items() <= pod[1].items()]

    @staticmethod
    def port_missing(pods, port):
        """Yield a problem for each pod without a container port of that name or number."""
        for _, labels, template in pods:
            if template is None:
                continue  # an operator's pod, whose ports are not in our manifests
            ports = [item for container in containers(template) for item in container.get("ports", [])]
            known = {item.get("name") for item in ports} | {item["containerPort"] for item in ports}
            if template.get("metadata", {}).get("annotations", {}).get("linkerd.io/inject") == "enabled":
                known |= LINKERD_PORTS
            if port not in known:
                yield f"no port {port} in pods {labels}"

    def service_missing(self, namespace, name, port):
        """Yield a problem if a Service, or its port of that name or number, does not exist."""
        service = self.index.get(("Service", namespace, name))
        if service is None:
            yield f"no Service {name}"
        elif not any(port in (item["port"], item.get("name")) for item in service["spec"]["ports"]):
            yield f"no port {port} in Service {name}"

    def host_missing(self, host):
        if host not in self.hosts:
            yield f"host {host} is not in ALLOWED_HOSTS"

    # Pods

    def _template(self, template, namespace, claims):
        spec = template["spec"]
        yield from self.missing("ServiceAccount", namespace, spec.get("serviceAccountName", "default"))
        volumes = {volume["name"] for volume in spec.get("volumes", [])} | set(claims)
        mounted = set()
        for container in containers(template):
            mounts = {mount["name"] for mount in container.get("volumeMounts", [])}
            yield from (f"no volume {name}" for name in sorted(mounts - volumes))
            mounted |= mounts
            yield from self._environment(container, namespace)
            probes = [container.get(f"{kind}Probe", {}) for kind in ("startup", "liveness", "readiness")]
            for port in [probe["httpGet"]["port"] for probe in probes if "httpGet" in probe]:
                yield from self.port_missing(
                    [(namespace, container["name"], {"spec": {"containers": [container]}})], port
                )
        yield from (f"volume {name} is not mounted" for name in sorted(volumes - mounted))
        for volume in spec.get("volumes", []):
            if "configMap" in volume:
                yield from self.missing("ConfigMap", namespace, volume["configMap"]["name"])
            if "secret" in volume:
                yield from self.missing("Secret", namespace, volume["secret"]["secretName"])
            if "persistentVolumeClaim" in volume:
                yield from self.missing(
                    "PersistentVolumeClaim", namespace, volume["persistentVolumeClaim"]["claimName"]
                )
        for constraint in spec.get("topologySpreadConstraints", []):
            if not constraint["labelSelector"]["matchLabels"].items() <= template["metadata"]["labels"].items():
                yield "topologySpreadConstraints select other pods"

    def _environment(self, container, namespace):
        for source in container.get("envFrom", []):
            for kind, field in (("ConfigMap", "configMapRef"), ("Secret", "secretRef")):
                if field in source:
                    yield from self.missing(kind, namespace, source[field]["name"])
        for variable in container.get("env", []):
            source = variable.get("valueFrom", {})
            for kind, field in (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")):
                if field in source:
                    yield from self.missing(kind, namespace, source[field]["name"], source[field]["key"])

    def _deployment(self, item, namespace):
        labels = item["spec"]["template"]["metadata"]["labels"]
        if not item["spec"]["selector"]["matchLabels"].items() <= labels.items():
            yield "the selector does not select its own pods"
        if len(self.selected(namespace, item["spec"]["selector"])) > 1:
            yield "the selector also selects other pods"

    _daemonset = _deployment

    def _statefulset(self, item, namespace):
        yield from self._deployment(item, namespace)
        yield from self.missing("Service", namespace, item["spec"]["serviceName"])

    # Objects that select pods

    def _service(self, item, namespace):
        pods = self.selected(namespace, {"matchLabels": item["spec"]["selector"]})
        if not pods:
            yield "no pods"
        for port in item["spec"]["ports"]:
            yield from self.port_missing(pods, port.get("targetPort", port["port"]))

    def _poddisruptionbudget(self, item, namespace):
        if not self.selected(namespace, item["spec"]["selector"]):
            yield "no pods"

    def _networkpolicy(self, item, namespace):
        spec = item["spec"]
        pods = self.selected(namespace, spec["podSelector"])
        if not pods:
            yield "no pods"
        for rule in spec.get("ingress", []):
            yield from self._peers(rule.get("from", []), namespace)
            for port in rule.get("ports", []):
                yield from self.port_missing(pods, port["port"])
        for rule in spec.get("egress", []):
            yield from self._peers(rule.get("to", []), namespace)

    def _peers(self, peers, namespace):
        for peer in peers:
            if (
                "podSelector" in peer
                and "namespaceSelector" not in peer
                and not self.selected(namespace, peer["podSelector"])
            ):
                yield f"no pods {peer['podSelector']}"

    # Gateways and routes

    def _gateway(self, item, namespace):
        for listener in item["spec"]["listeners"]:
            yield from self.host_missing(listener["hostname"])
            for secret in listener.get("tls", {}).get("certificateRefs", []):
                yield from self.missing("Secret", namespace, secret["name"])

    def _httproute(self, item, namespace):
        yield from self._parents(item["spec"]["parentRefs"], namespace)
        for host in item["spec"]["hostnames"]:
            yield from self.host_missing(host)
        for rule in item["spec"]["rules"]:
            for backend in rule.get("backendRefs", []):
                yield from self.service_missing(namespace, backend["name"], backend["port"])

    def _parents(self, parents, namespace):
        for parent in parents:
            gateway = self.index.get(("Gateway", namespace, parent["name"]))
            if gateway is None:
                yield f"no Gateway {parent['name']}"
            elif parent["sectionName"] not in [listener["name"] for listener in gateway["spec"]["listeners"]]:
                yield f"no listener {parent['sectionName']}"

    def _ingress(self, item, namespace):
        for entry in item["spec"]["tls"]:
            yield from self.missing("Secret", namespace, entry["secretName"])
            yield from (text for host in entry["hosts"] for text in self.host_missing(host))
        for rule in item["spec"]["rules"]:
            yield from self.host_missing(rule["host"])
            for path in rule["http"]["paths"]:
                service = path["backend"]["service"]
                port = service["port"].get("name", service["port"].get("number"))
                yield from self.service_missing(namespace, service["name"], port)

    def _mapping(self, item, namespace):
        yield from self.host_missing(item["spec"]["hostname"])
        service, _, port = item["spec"]["service"].partition(":")
        yield from self.service_missing(namespace, service, int(port))
        hosts = [other for other in self.rendered if other["kind"] == "Host"]
        if not any(
            host["spec"]["mappingSelector"]["matchLabels"].items() <= item["metadata"]["labels"].items()
            for host in hosts
        ):
            yield "no Host selects it"

    def _host(self, item, namespace):
        spec = item["spec"]
        yield from self.host_missing(spec["hostname"])
        yield from self.missing("Secret", namespace, spec["tlsSecret"]["name"])
        yield from self.missing("TLSContext", namespace, spec["tlsContext"]["name"])

    def _tlscontext(self, item, namespace):
        yield from (text for host in item["spec"]["hosts"] for text in self.host_missing(host))
        yield from self.missing("Secret", namespace, item["spec"]["secret"])

    def _certificate(self, item, namespace):
        yield from (text for host in item["spec"]["dnsNames"] for text in self.host_missing(host))
        yield from self.missing(item["spec"]["issuerRef"]["kind"], namespace, item["spec"]["issuerRef"]["name"])

    def _issuer(self, item, namespace):
        for solver in item["spec"]["acme"]["solvers"]:
            yield from self._parents(solver["http01"].get("gatewayHTTPRoute", {}).get("parentRefs", []), namespace)

    # Other kinds

    def _horizontalpodautoscaler(self, item, namespace):
        target = item["spec"]["scaleTargetRef"]
        yield from self.missing(target["kind"], namespace, target["name"])
        if "replicas" in self.index.get((target["kind"], namespace, target["name"]), {"spec": {}})["spec"]:
            yield "the target also sets replicas"

    def _servicemonitor(self, item, namespace):
        labels = item["spec"]["selector"]["matchLabels"]
        services = [
            other
            for other in self.rendered
            if other["kind"] == "Service"
            and self.namespace(other) == namespace
            and labels.items() <= other["metadata"].get("labels", {}).items()
        ]
        for endpoint in item["spec"]["endpoints"]:
            if not any(endpoint["port"] == port["name"] for other in services for port in other["spec"]["ports"]):
                yield f"no port {endpoint['port']} in Services {labels}"

    def _cluster(self, item, namespace):
        for plugin in item["spec"]["plugins"]:
            yield from self.missing("ObjectStore", namespace, plugin["parameters"]["barmanObjectName"])

    def _scheduledbackup(self, item, namespace):
        yield from self.missing("Cluster", namespace, item["spec"]["cluster"]["name"])
        cluster = self.index.get(("Cluster", namespace, item["spec"]["cluster"]["name"]), {"spec": {"plugins": []}})
        name = item["spec"]["pluginConfiguration"]["name"]
        if name not in [plugin["name"] for plugin in cluster["spec"]["plugins"]]:
            yield f"no plugin {name}"

    def _objectstore(self, item, namespace):
        for reference in item["spec"]["configuration"]["s3Credentials"].values():
            yield from self.missing("Secret", namespace, reference["name"], reference["key"])

    def _rolebinding(self, item, namespace):
        yield from self.missing(item["roleRef"]["kind"], namespace, item["roleRef"]["name"])
        for subject in item["subjects"]:
            yield from self.missing(subject["kind"], subject["namespace"], subject["name"])
