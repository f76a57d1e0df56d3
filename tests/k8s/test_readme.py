"""k8s/README.md: the objects and paths that it names exist, and its commands are valid."""

import functools
import os
import re
import shlex
import shutil
import subprocess

import pytest

from tests.k8s.kustomize import COMPONENTS, DIGESTS, K8S, KUBECTL, OVERLAYS, build, named, objects, parse
from tests.k8s.references import created_secrets

pytestmark = [pytest.mark.once, pytest.mark.xdist_group("k8s")]

README = (K8S / "README.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
INLINE = re.findall(r"`(kubectl [^`]+)`", README)
# kubectl commands of several words, with their number of words.
DEEPER = {"create": {"secret": 3, "job": 2}, "rollout": {"status": 2, "undo": 2, "restart": 2}, "set": {"env": 2}}


def commands():
    """Return the words of each kubectl command of the README."""
    lines = "\n".join(BLOCKS).replace("\\\n", " ").replace("|\n", "|").splitlines()
    parts = [part.strip() for line in lines for part in re.split(r"\|(?! base64)", line)]
    return [shlex.split(part, comments=True) for part in [*parts, *INLINE] if part.startswith("kubectl ")]


@functools.cache
def flags(*verb):
    """Return the flags of a kubectl command."""
    texts = [
        subprocess.run([KUBECTL, *arguments], capture_output=True, text=True, check=True).stdout
        for arguments in ([*verb, "--help"], ["options"])
    ]
    assert "Usage:" in texts[0]
    return set(re.findall(r"--([a-z-]+)[=,\s]", "".join(texts))) | set(re.findall(r"^\s+-(\w),", "".join(texts), re.M))


def verb(words):
    """Return the words that name the kubectl command, without its arguments."""
    return words[1 : 1 + DEEPER.get(words[1], {}).get("".join(words[2:3]), 1)]


def verb_is_known(words):
    done = subprocess.run([KUBECTL, *verb(words), "--help"], capture_output=True, text=True)
    name = " ".join(["kubectl", *verb(words)])
    return done.returncode == 0 and f"\n  {name}" in done.stdout


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_kubectl_commands_and_flags_exist(words):
    kubectl_words = words[: words.index("--")] if "--" in words else words
    assert verb_is_known(words)
    for word in kubectl_words[1:]:
        if word.startswith("-"):
            assert word.lstrip("-").partition("=")[0] in flags(*verb(words)), word


def test_unknown_flag_or_command_is_reported():
    assert "record-all" not in flags("rollout", "undo")
    assert not verb_is_known(["kubectl", "deploy", "web"])


def test_objects_and_paths_in_commands_exist():
    existing = {
        (item["kind"].lower(), item["metadata"]["name"]) for name in OVERLAYS for item in objects(f"overlays/{name}")
    }
    existing |= {("job", words[words.index("job") + 1]) for words in commands() if words[1:3] == ["create", "job"]}
    seen = set()
    for words in commands():
        for word in words:
            word = word.removeprefix("--from=")
            if match := re.fullmatch(r"(deployment|service|statefulset|daemonset|cronjob|job)/([a-z-]+)", word):
                assert match.groups() in existing
                seen.add(match[1])
            if word.startswith("k8s/"):
                assert (K8S.parent / word).exists()
    assert {"deployment", "cronjob", "job"} <= seen


def test_tables_list_every_overlay_and_component():
    rows = re.findall(r"^\| `([a-z-]+)` \|", README, re.MULTILINE)
    secrets = [name for _, name in created_secrets()]
    assert sorted(rows) == sorted([*OVERLAYS, *COMPONENTS, *dict.fromkeys(secrets)])


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_overlay_row_names_its_components(overlay):
    listed = re.findall(r"components/([a-z-]+)", (K8S / "overlays" / overlay / "kustomization.yaml").read_text())
    row = re.search(rf"^\| `{overlay}` \| (.*) \|$", README, re.MULTILINE)[1]
    assert sorted(re.findall(r"`([a-z-]+)`", row)) == sorted(listed)


def test_documented_namespaces_are_allowed_by_policies():
    """The network policies allow the namespaces of the proxies and operators in the table."""
    allowed = set(
        re.findall(r"^ +values: \[(.*)\]$|kubernetes.io/metadata.name: (\S+)$", all_manifests(), re.MULTILINE)
    )
    names = {name for values, name in allowed for name in [*values.split(", "), name] if name}
    for namespace in ("envoy-gateway-system", "traefik", "emissary", "monitoring", "cnpg-system"):
        assert namespace in names
        assert f"in `{namespace}`" in README


def all_manifests():
    return "\n".join(path.read_text() for path in sorted(K8S.rglob("*.yaml")))


def test_update_command_sets_every_image(tmp_path):
    """Run the command of the README on a copy of the manifests."""
    shutil.copytree(K8S, tmp_path / "k8s")
    (line,) = [line for block in BLOCKS for line in block.splitlines() if line.startswith("sed ")]
    names = []
    for digest in DIGESTS:
        subprocess.run(["sh", "-c", line], cwd=tmp_path, env={**os.environ, "DIGEST": digest}, check=True)
        rendered = build(tmp_path / "k8s/overlays/production")
        images = set(re.findall(r"image: (\S*actorsite\S*)", rendered))
        assert images == {f"registry.example.org/actorsite@{digest}"}
        names.append(named(parse(rendered), "Job", "migrate")["metadata"]["name"])
    assert names[0] != names[1]


def test_secrets_have_the_documented_keys():
    for (_, name), keys in created_secrets().items():
        row = re.search(rf"^\| `{name}` \| (.*?) \|", README, re.MULTILINE)[1]
        assert keys <= set(re.findall(r"`([A-Za-z_]+)`", row))
