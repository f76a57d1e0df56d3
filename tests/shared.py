"""Files that all processes of a test run share. The first process that needs one creates it."""

import fcntl
import os
from pathlib import Path

FOLDER = Path(os.environ["TEST_FOLDER"])


def create_once(name, make):
    """Return the path ``name`` in the run's shared folder.

    Args:
        name: The name of a file or folder.
        make: A function that creates the file or folder at the path that it gets.
            The first process that needs the path calls it, and the others wait
            until it is done. If it fails, the next process tries again.
    """
    path, done = FOLDER / name, FOLDER / f"{name}.done"
    if not done.exists():
        with (FOLDER / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                make(path)
                done.touch()
    return path
