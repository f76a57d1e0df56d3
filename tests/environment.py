"""A pytest plugin that sets the environment, before the settings are read.

``TEST_DATABASE`` chooses the database: ``sqlite`` (the default) or
``postgresql``. ``TEST_DATABASE_URL`` names a PostgreSQL server to use;
without it, a server is started, and stopped at the end.

``TEST_FOLDER`` is set here: a temporary folder that all processes of a run
share. tests/shared.py stores in it the files that are created once for all of them.
"""

import atexit
import os
import shutil
import sys
import tempfile
from contextlib import contextmanager

from actorsite.conf.env import VARIABLES
from tests.postgres import PostgreSQL

DATABASE = os.environ.setdefault("TEST_DATABASE", "sqlite")
if DATABASE not in ("sqlite", "postgresql"):
    raise SystemExit("TEST_DATABASE must be `sqlite` or `postgresql`.")

# Workers of pytest-xdist inherit this folder and the server below, and so share them.
if "TEST_FOLDER" not in os.environ:
    os.environ["TEST_FOLDER"] = tempfile.mkdtemp(prefix="actorsite-tests-")
    atexit.register(shutil.rmtree, os.environ["TEST_FOLDER"], ignore_errors=True)

if DATABASE == "postgresql" and "TEST_DATABASE_URL" not in os.environ:
    server = PostgreSQL()
    atexit.register(server.stop)
    os.environ["TEST_DATABASE_URL"] = server.url()

# The developer's own environment must not affect the tests.
for variable in VARIABLES:
    os.environ.pop(variable.name, None)
os.environ.update(
    SECRET_KEY="only-for-tests-only-for-tests-only-for-tests-only-for-tests",
    ALLOWED_HOSTS="testserver,localhost,127.0.0.1",
    DATABASE_URL=os.environ["TEST_DATABASE_URL"] if DATABASE == "postgresql" else "sqlite:////nonexistent/test",
)

# Added to the environments of subprocesses: if coverage runs, it measures them too.
MEASURED = {name: value for name, value in os.environ.items() if name == "COVERAGE_PROCESS_CONFIG"}


@contextmanager
def unmeasured():
    """Pause the measurement of coverage, in this process and in those that it starts."""
    # Not imported here: `make bench` has this module, but not coverage.
    module, variables = sys.modules.get("coverage"), dict(MEASURED)
    coverage = module and module.Coverage.current()
    if coverage:
        coverage.stop()
    for name in variables:
        del MEASURED[name], os.environ[name]
    try:
        yield
    finally:
        MEASURED.update(variables)
        os.environ.update(variables)
        if coverage:
            coverage.start()
