"""Collected static files, stored between test runs because compressing them takes longer than most tests."""

import fcntl
import hashlib
import shutil
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STORE = ROOT / ".pytest_cache" / "static"


def copy_static_files(folder, collect, store=STORE):
    """Create ``folder`` with the collected static files.

    Args:
        folder: A path that does not exist yet.
        collect: A function without arguments that creates ``folder``. It is
            called if nothing is stored, or if ``state_of_sources()`` has changed
            since.
        store: The folder that holds the stored files between runs.
    """
    store.mkdir(parents=True, exist_ok=True)
    state, files, stored_state = state_of_sources(), store / "files", store / "state"
    # Another run in this checkout may collect at the same time.
    with (store / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stored_state.exists() and stored_state.read_text() == state:
            shutil.copytree(files, folder)
            return
        collect()
        stored_state.unlink(missing_ok=True)
        shutil.rmtree(files, ignore_errors=True)
        shutil.copytree(folder, files)
        stored_state.write_text(state)


def state_of_sources(root=ROOT):
    """Return a checksum of the sources of the static files.

    These are the apps' own static files, the code of ``actorsite``, which has
    the settings and the storage, and the versions of the installed packages.
    """
    state = hashlib.sha256(repr(sorted((each.name, each.version) for each in metadata.distributions())).encode())
    patterns = ("actors/static/**/*", "actorsite/static/**/*", "actorsite/**/*.py")
    for path in sorted(path for pattern in patterns for path in root.glob(pattern)):
        if path.is_file():
            state.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes())
    return state.hexdigest()
