"""The volumes of a pod, as folders of the host that its containers mount."""

import shutil
import subprocess
from pathlib import Path

from tests.platform import podspec


class Volumes:
    """The volumes of one pod, in ``folder``. Claims are in ``claims`` and remain after the pod is deleted.

    Raises podspec.RefusedError if a required ConfigMap or Secret is missing.
    """

    def __init__(self, spec, folder, claims, lookup):
        self.folder = folder
        self.mounted = []
        self.paths = {}
        self.read_only = set()
        group = spec.get("securityContext", {}).get("fsGroup")
        for volume in spec.get("volumes", []):
            name = volume["name"]
            (kind,) = volume.keys() - {"name"}
            make = getattr(self, f"_{kind.lower()}", None)
            if make is None:
                raise podspec.UnsupportedError(f"volume {name}: {kind}")
            path = self.paths[name] = make(name, volume[kind], claims, lookup)
            if group is not None and kind in ("emptyDir", "persistentVolumeClaim"):
                shutil.chown(path, group=group)
                path.chmod(path.stat().st_mode | 0o2070)

    def _make(self, name, mode=0o777):
        path = self.folder / name
        path.mkdir(parents=True)
        path.chmod(mode)
        return path

    def _emptydir(self, name, source, _claims, _lookup):
        path = self._make(name)
        if source.get("medium") == "Memory":
            size = f"size={podspec.quantity(source['sizeLimit'])}," if "sizeLimit" in source else ""
            subprocess.run(
                ["mount", "-t", "tmpfs", "-o", f"{size}mode=0777", f"actorsite-{name}", path],
                check=True,
                capture_output=True,
            )
            self.mounted.append(path)
        return path

    def _persistentvolumeclaim(self, _name, source, claims, _lookup):
        path = claims / source["claimName"]
        if not path.exists():
            path.mkdir(parents=True)
            path.chmod(0o755)
        return path

    def _configmap(self, name, source, _claims, lookup):
        return self._files(name, "ConfigMap", source["name"], source, lookup)

    def _secret(self, name, source, _claims, lookup):
        return self._files(name, "Secret", source["secretName"], source, lookup)

    def _files(self, name, kind, object_name, source, lookup):
        path = self._make(name, 0o755)
        self.read_only.add(name)
        item = lookup(kind, object_name)
        if item is None:
            if source.get("optional"):
                return path
            raise podspec.RefusedError(f"{kind} {object_name} not found")
        values = podspec.data(item)
        items = {entry["key"]: entry["path"] for entry in source.get("items", [])} or {key: key for key in values}
        for key, target in items.items():
            (path / target).parent.mkdir(parents=True, exist_ok=True)
            (path / target).write_text(values[key])
            (path / target).chmod(source.get("defaultMode", 0o644))
        return path

    def options(self, container):
        """Return the container engine's options that mount a container's volumes."""
        options = []
        for mount in container.get("volumeMounts", []):
            source = Path(self.paths[mount["name"]], mount.get("subPath", ""))
            read_only = mount.get("readOnly") or mount["name"] in self.read_only
            options += ["--volume", f"{source}:{mount['mountPath']}{':ro' if read_only else ''}"]
        return options

    def remove(self):
        for path in self.mounted:
            subprocess.run(["umount", "--lazy", path], check=False, capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)
