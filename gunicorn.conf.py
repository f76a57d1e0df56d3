"""gunicorn's settings, each with its reason. An invalid environment stops gunicorn here, before a worker starts."""

import ctypes
import gc
import os
import socket
import sys

from gunicorn import glogging

from actorsite.conf import env
from actorsite.observability import logging as logs
from actorsite.observability import metrics_directory

try:
    _env = env.read_environment(os.environ)
except env.InvalidEnvironmentError as error:
    sys.exit(str(error))

wsgi_app = "actorsite.wsgi"
# IPv4 and IPv6 where both exist: clusters and private networks may have IPv6 only.
bind = f"{'[::]' if socket.has_dualstack_ipv6() else '0.0.0.0'}:{_env['PORT']}"  # noqa: S104  a container's port must be reachable
workers = _env["WEB_CONCURRENCY"]
threads = _env["WEB_THREADS"]
# Unlike sync workers, threaded workers support keep-alive connections.
worker_class = "gthread"
# Load the application once, so that the workers share its memory.
preload_app = True

# Longer than the 90 s for which Heroku's router keeps idle connections, so that it never reuses one closed here.
# https://devcenter.heroku.com/articles/http-routing#keepalives
keepalive = 95
# Seconds for requests in flight after SIGTERM. Heroku sends SIGKILL 30 s after it, Kubernetes after the grace period.
graceful_timeout = 20
# Seconds after that for bytes that are written and not yet sent; together less than Heroku's 30.
_sending_timeout = 8
# Seconds after which a worker that hangs is replaced. Heroku's router ends a request after 30 s.
timeout = 30

# Well above the longest URL of a page, in bytes. A longer request line gets 414.
limit_request_line = 4094
# Large enough that a long header is ignored by the application and not refused here.
limit_request_field_size = 16_380

# actorsite.middleware.trusted_proxy decides which proxies to trust; gunicorn must not set the scheme before it.
forwarded_allow_ips = ""
# The root file system may be read-only and HOME unset: write only the workers' heartbeats, to memory if possible.
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108  a file system in memory

logconfig_dict = logs.logging_config(_env["LOG_LEVEL"], _env["LOG_FORMAT"])


class Logger(glogging.Logger):
    """gunicorn's logger without an access log: the application logs each request, with the request's id."""

    def access(self, *arguments):
        """Do nothing. With ``logconfig_dict`` set, gunicorn formats an access log line even if no handler takes it."""


logger_class = Logger

if _env["METRICS_PORT"]:
    metrics_directory.ensure()


def on_starting(server):
    """Open the metrics port before the workers are forked, so that all of them can serve it."""
    if _env["METRICS_PORT"]:
        from actorsite.observability import metrics

        metrics.listen(_env["METRICS_PORT"])


# From glibc's malloc.h.
_M_ARENA_MAX = -8


def when_ready(server):
    """Let all threads share one malloc arena: an arena rarely returns memory, and Python runs one thread at a time."""
    if hasattr(libc := ctypes.CDLL(None), "mallopt"):
        libc.mallopt(_M_ARENA_MAX, 1)


def pre_fork(server, worker):
    """Exclude loaded objects from garbage collection, which would copy their memory pages into every worker."""
    gc.freeze()


def child_exit(server, worker):
    """Remove the files of the worker's live gauges, as prometheus_client requires. Its counters remain."""
    if _env["METRICS_PORT"]:
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(worker.pid)


def on_exit(server):
    """Wait until responses are sent, then remove the metrics directory."""
    from actorsite.server import drain

    drain.wait_until_sent(_env["PORT"], _sending_timeout)
    metrics_directory.remove()


def post_worker_init(worker):
    """Let /readyz return 503 from SIGTERM on, while requests in flight are finished.

    gunicorn documents no hook for SIGTERM in a worker (worker_int is for SIGINT and SIGQUIT), nor Worker.alive.
    """
    from actorsite.observability import health

    health.is_draining = lambda: not worker.alive

    if _env["METRICS_PORT"]:
        from actorsite.observability import metrics

        metrics.serve()
