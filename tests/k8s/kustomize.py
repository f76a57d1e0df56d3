"""The manifests of k8s/, rendered as `kubectl apply -k` renders them.

`python -m tests.k8s.kustomize FOLDER` writes the rendered manifests to FOLDER, for other tools.
"""

import functools
import os
import re
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import yaml

K8S = Path(__file__).resolve().parents[2] / "k8s"
OVERLAYS = sorted(path.name for path in (K8S / "overlays").iterdir())
COMPONENTS = sorted(path.name for path in (K8S / "components").iterdir())
# Every overlay, and every component alone on the base.
EVERYTHING = [f"overlays/{name}" for name in OVERLAYS] + [f"components/{name}" for name in COMPONENTS]
# Components that refer to objects of other components.
COMPANIONS = {
    "cert-manager": ["gateway"],
    "emissary": ["cert-manager", "emissary"],
    "gateway": ["cert-manager"],
    "ingress": ["cert-manager", "ingress"],
}
IMAGE = "registry.example.org:5000/actorsite"
DIGESTS = ["sha256:" + character * 64 for character in "ab"]
KUBECTL = Path(sysconfig.get_path("scripts")) / "kubectl"


def build(directory):
    """Return the text that `kubectl kustomize` prints for a directory.

    Raises AssertionError with kubectl's message if it refuses.
    """
    done = subprocess.run([KUBECTL, "kustomize", directory], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr  # kubectl warns of deprecated fields
    return done.stdout


def build_with(kustomization, base=K8S):
    """Return the rendered text of a kustomization (a dict), whose paths are relative to ``base``."""
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory).resolve()
        paths = {
            key: [os.path.relpath(base / path, folder) for path in kustomization[key]]
            for key in ("resources", "components")
            if key in kustomization
        }
        (folder / "kustomization.yaml").write_text(yaml.safe_dump(kustomization | paths))
        return build(folder)


@functools.cache
def text(name):
    """Return the rendered text of ``overlays/NAME``, or of ``components/NAME`` and its companions on the base."""
    kind, _, last = name.partition("/")
    if kind == "overlays":
        return build(K8S / name)
    names = [*COMPANIONS.get(last, []), last]
    return build_with(
        {
            "resources": ["base"],
            "components": [f"components/{name}" for name in dict.fromkeys(names)],
            "images": [{"name": "actorsite", "newName": IMAGE, "digest": DIGESTS[0]}],
        }
    )


def objects(name):
    """Return the rendered objects of ``overlays/NAME`` or ``components/NAME``, as a new list that can be changed."""
    return parse(text(name))


def parse(rendered):
    return list(yaml.load_all(rendered, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))


def named(rendered, kind, name):
    """Return the only object of a kind and name. ``name`` excludes the hash of a generated name."""
    pattern = re.compile(re.escape(name) + "(-[2456789bcdfghkmt]{10})?")  # kustomize's alphabet for hashes
    matches = [item for item in rendered if item["kind"] == kind and pattern.fullmatch(item["metadata"]["name"])]
    assert len(matches) == 1, f"{len(matches)} objects {kind} {name}"
    return matches[0]


def pod_templates(rendered):
    """Yield (object, pod template) for each object that creates pods."""
    for item in rendered:
        spec = item.get("spec", {})
        if item["kind"] == "CronJob":
            spec = spec["jobTemplate"]["spec"]
        if item["kind"] in ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"):
            yield item, spec["template"]


def containers(template):
    """Yield every container of a pod template, init containers first."""
    yield from template["spec"].get("initContainers", [])
    yield from template["spec"]["containers"]


def change(rendered, kind, name, path, value):
    r"""Set the field at a dotted path of a rendered object, and return the object.

    Write a dot inside a key as ``\.``. The value None deletes the field.
    """
    item = target = named(rendered, kind, name)
    *path, last = [key.replace("\0", ".") for key in path.replace("\\.", "\0").split(".")]
    for key in path:
        target = target[int(key)] if isinstance(target, list) else target.setdefault(key, {})
    last = int(last) if isinstance(target, list) else last
    if value is None:
        del target[last]
    else:
        target[last] = value
    return item


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name in EVERYTHING:
        (folder / f"{name.replace('/', '-')}.yaml").write_text(text(name))
