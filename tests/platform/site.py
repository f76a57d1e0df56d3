"""The site's manifests as the tests deploy them: the overlay `dev`, changed only by kustomize."""

import os
import secrets

from tests.k8s.kustomize import build_with, named, parse
from tests.platform.engine import IMAGE, is_podman

NAMESPACE = f"actorsite-test-{os.getpid()}-{secrets.token_hex(2)}"
HOST = "localhost"
# The headers that a gateway sends if it terminates TLS.
HEADERS = {"Host": HOST, "X-Forwarded-Proto": "https"}
PASSWORD = secrets.token_hex(24)


def qualified(image):
    """Return (name, tag) of an image for kustomize. A name without a registry means a local image."""
    name, _, tag = image.rpartition(":")
    first = name.partition("/")[0]
    # On a cluster, the image has the name under which it was loaded.
    local = not ("." in first or first == "localhost" or os.environ.get("CONTEXT"))
    return (f"localhost/{name}" if local and is_podman() else name, tag)


def render(image=IMAGE, replicas=3, version="1", literals=(), components=()):
    """Return the objects of the overlay `dev` with additional components.

    ``version`` is an annotation of the web pods: a new value starts a rolling
    update. ``literals`` are additional values of the ConfigMap.
    """
    name, tag = qualified(image)
    annotate = {
        "target": {"kind": "Deployment", "name": "web"},
        "patch": f"""
            [{{"op": "add", "path": "/spec/template/metadata/annotations", "value": {{"version": "{version}"}}}}]
        """,
    }
    kustomization = {
        "resources": ["overlays/dev"],
        "components": [f"components/{name}" for name in components],
        "namespace": NAMESPACE,
        "images": [{"name": "actorsite", "newName": name, "newTag": tag}],
        "replicas": [{"name": "web", "count": replicas}],
        "patches": [annotate],
    }
    if literals:
        merge = {"name": "actorsite", "namespace": "actorsite", "behavior": "merge", "literals": list(literals)}
        kustomization["configMapGenerator"] = [merge]
    return parse(build_with(kustomization))


def secret(name, **values):
    """Return a Secret as k8s/README.md creates it with kubectl."""
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "stringData": values}


def database_url(name="actorsite", host="postgres"):
    return f"postgres://actorsite:{PASSWORD}@{host}:5432/{name}?sslmode=disable"


def readme_secrets():
    return [
        secret("actorsite", SECRET_KEY=secrets.token_hex(32)),
        secret("database-app", password=PASSWORD, uri=database_url()),
    ]


def deploy(platform, **changes):
    """Deploy the site, wait for the rollout as in k8s/README.md, and return the objects."""
    rendered = render(**changes)
    apply(platform, rendered)
    platform.wait_rolled_out("web")
    return rendered


def apply(platform, rendered):
    """Apply the namespace, then the Secrets if they do not exist, then all objects."""
    if platform.lookup("Secret", "actorsite") is None:
        platform.apply([item for item in rendered if item["kind"] == "Namespace"])
        platform.apply(readme_secrets())
    platform.apply(rendered)


def migration(rendered):
    """Return the migration Job of a rendered overlay."""
    return named(rendered, "Job", "migrate")


def sql(platform, statement, database="actorsite"):
    """Run SQL in the database's pod as the owner, and return psql's unaligned output."""
    (pod,) = platform.pods("postgres", kind="StatefulSet")
    command = ("psql", "--host=127.0.0.1", "--username=actorsite", f"--dbname={database}", "-XAtq", "-v")
    return pod.exec("env", f"PGPASSWORD={PASSWORD}", *command, "ON_ERROR_STOP=1", "-c", statement).strip()
