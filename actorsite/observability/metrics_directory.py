"""The directory in which the workers of one server share their metrics.

Separate from actorsite.observability.metrics, because prometheus_client reads
the directory's name when it is imported.
"""

import os
import shutil
import tempfile

# https://prometheus.github.io/client_python/multiprocess/
VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

# Kept here, because a reload of gunicorn runs gunicorn.conf.py again, but keeps the state of this module.
_created = None


def ensure():
    """Create the directory and set the variable, unless the operator has set it."""
    global _created
    if not os.environ.get(VARIABLE):
        _created = os.environ[VARIABLE] = tempfile.mkdtemp(prefix="metrics-")


def remove():
    """Remove the directory if ``ensure`` created it. A directory that the operator has set is left as it is."""
    if _created:
        shutil.rmtree(_created, ignore_errors=True)
