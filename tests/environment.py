"""A pytest plugin that sets the environment, before the settings are read.

``TEST_DATABASE`` chooses the database: ``sqlite`` (the default) or
``postgresql``. ``TEST_DATABASE_URL`` names a PostgreSQL server to use;
without it one is started, and stopped at the end.
"""

import atexit
import os

from actorsite.conf.env import VARIABLES
from tests.postgres import PostgreSQL

DATABASE = os.environ.setdefault("TEST_DATABASE", "sqlite")
if DATABASE not in ("sqlite", "postgresql"):
    raise SystemExit("TEST_DATABASE must be `sqlite` or `postgresql`.")

if DATABASE == "postgresql" and "TEST_DATABASE_URL" not in os.environ:
    server = PostgreSQL()
    atexit.register(server.stop)
    # Workers of pytest-xdist inherit it, and so share the server.
    os.environ["TEST_DATABASE_URL"] = server.url()

# What stands in the developer's own environment must not decide a test.
for variable in VARIABLES:
    os.environ.pop(variable.name, None)
os.environ.update(
    SECRET_KEY="only-for-tests-only-for-tests-only-for-tests-only-for-tests",
    ALLOWED_HOSTS="testserver,localhost,127.0.0.1",
    DATABASE_URL=os.environ["TEST_DATABASE_URL"] if DATABASE == "postgresql" else "sqlite:////nonexistent/test",
)
