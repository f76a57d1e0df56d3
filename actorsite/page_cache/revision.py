"""What the site's pages are made of, beside the data: the same in every process of one image with one SECRET_KEY."""

import hashlib
from functools import cache
from importlib.metadata import version

from django.conf import settings

SUFFIXES = {".py", ".html", ".mo"}
PACKAGES = ("Django", "django-countries")


@cache
def revision() -> bytes:
    """Return a digest of code, templates, translations, static files and SECRET_KEY, which signs page tokens."""
    digest = hashlib.blake2b(key=hashlib.blake2b(settings.SECRET_KEY.encode()).digest(), digest_size=32)
    for package in PACKAGES:
        digest.update(f"{package} {version(package)}\n".encode())
    for path in _files():
        digest.update(f"{path.name} {path.stat().st_size}\n".encode())
        digest.update(path.read_bytes())
    return digest.digest()


@cache
def made() -> int:
    """Return when the newest of that was made, as a Unix time."""
    return int(max(path.stat().st_mtime for path in _files()))


def _files():
    folders = (settings.BASE_DIR / name for name in ("actors", "actorsite"))
    paths = [path for folder in folders for path in folder.rglob("*") if path.suffix in SUFFIXES]
    # Names each static file by its content.
    manifest = settings.STATIC_ROOT / "staticfiles.json"
    return sorted(paths) + ([manifest] if manifest.exists() else [])
