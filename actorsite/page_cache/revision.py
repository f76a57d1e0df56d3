"""The revision of the code: the same in every process of one image with one SECRET_KEY."""

import hashlib
from functools import cache
from importlib.metadata import distributions
from pathlib import Path

from django.apps import apps
from django.conf import settings

SOURCE_SUFFIXES = {".py", ".html", ".mo"}


@cache
def revision() -> bytes:
    """Return a digest of packages, code, templates, translations, static files and SECRET_KEY, which signs cursors."""
    digest = hashlib.blake2b(key=hashlib.blake2b(settings.SECRET_KEY.encode()).digest(), digest_size=32)
    for package in sorted(f"{package.name} {package.version}" for package in distributions()):
        digest.update(f"{package}\n".encode())
    for path in _source_files():
        digest.update(f"{path.name} {path.stat().st_size}\n".encode())
        digest.update(path.read_bytes())
    return digest.digest()


@cache
def revision_time() -> int:
    """Return the modification time of the newest source file, as a Unix time."""
    return int(max(path.stat().st_mtime for path in _source_files()))


def _source_files() -> list[Path]:
    """Return the files of the project's own applications, and the manifest of static files."""
    folders = {Path(app.path) for app in apps.get_app_configs() if _is_ours(Path(app.path))}
    paths = [path for folder in folders for path in folder.rglob("*") if path.suffix in SOURCE_SUFFIXES]
    manifest = Path(settings.STATIC_ROOT) / "staticfiles.json"
    return sorted(paths) + ([manifest] if manifest.exists() else [])


def _is_ours(folder: Path) -> bool:
    """Return whether ``folder`` belongs to the project, and not to a virtual environment in it."""
    return folder.parent == settings.BASE_DIR
