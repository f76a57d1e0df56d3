"""gunicorn's settings, each with its reason. The environment is read strictly, before a worker starts."""

import ctypes
import gc
import os
import shutil
import socket
import sys
import tempfile

from gunicorn import glogging

from actorsite.conf import env
from actorsite.observability import logging as logs

try:
    _env = env.read_environment(os.environ)
except env.InvalidEnvironment as error:
    sys.exit(str(error))

wsgi_app = "actorsite.wsgi"
# Both families where there are both: clusters and private networks may have IPv6 only.
bind = f"{'[::]' if socket.has_dualstack_ipv6() else '0.0.0.0'}:{_env['PORT']}"  # noqa: S104  a container's port is the world's
workers = _env["WEB_CONCURRENCY"]
threads = _env["WEB_THREADS"]
# Threads hold keep-alive connections, which sync workers do not.
worker_class = "gthread"
# The application is loaded once, and its memory shared by the workers.
preload_app = True

# Heroku's router keeps idle connections for 90 s; were ours shorter, it would send a request into a closed one.
# https://devcenter.heroku.com/articles/http-routing#keepalives
keepalive = 95
# Heroku kills 30 s after TERM, Kubernetes when the grace period ends: what is in flight is done before.
graceful_timeout = 20
# And after that, seconds for what is written and not yet sent: both are over before Heroku's 30.
_sending_timeout = 8
# A worker that does not answer for this long is replaced; Heroku's router gives a request up after 30 s.
timeout = 30

# A page's longest address is well below; a longer line gets 414.
limit_request_line = 4094
# A long header is ignored, not refused, where the standards allow it.
limit_request_field_size = 16_380

# actorsite.middleware.trusted_proxy decides whom to believe; gunicorn must not have changed the scheme before.
forwarded_allow_ips = ""
# The root file system may be read-only and HOME missing: nothing is written but heartbeats, in memory where there is.
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108  in memory, where the container has it

logconfig_dict = logs.logging_config(_env["LOG_LEVEL"], _env["LOG_FORMAT"])


class Logger(glogging.Logger):
    """Without the access log: the application logs its requests itself, with what gunicorn cannot know."""

    def access(self, *arguments):
        """Make no line, which it would for nobody: to gunicorn, ``logconfig_dict`` says that there is an access log."""


logger_class = Logger

if _env["METRICS_PORT"] and "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
    # The workers' figures meet here. prometheus_client asks for the folder when it is imported.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="metrics-")


def on_starting(server):
    """Open the port of the figures before there are workers, so that all of them answer on it."""
    if _env["METRICS_PORT"]:
        from actorsite.observability import metrics

        metrics.listen(_env["METRICS_PORT"])


# Of glibc's malloc.h.
_M_ARENA_MAX = -8


def when_ready(server):
    """Let threads share one arena of malloc: each keeps what it once took, and Python runs one thread at a time."""
    if hasattr(libc := ctypes.CDLL(None), "mallopt"):
        libc.mallopt(_M_ARENA_MAX, 1)


def pre_fork(server, worker):
    """Leave what is loaded to all workers: no collection looks through it, and none makes copies of its memory."""
    gc.freeze()


def on_exit(server):
    """Leave nothing behind, and nothing unsent."""
    from actorsite.server import drain

    drain.wait_until_sent(_env["PORT"], _sending_timeout)
    if _env["METRICS_PORT"]:
        shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"])


def post_worker_init(worker):
    """Let /readyz say 503 from TERM on, while requests in flight are finished."""
    from actorsite.observability import health

    health.is_draining = lambda: not worker.alive

    if _env["METRICS_PORT"]:
        from actorsite.observability import metrics

        metrics.serve()
