"""Metrics for Prometheus at /metrics, on a separate port. Without METRICS_PORT, this module is not loaded.

gunicorn's parent process opens the port before it forks. Any worker can answer with
the metrics of all workers: prometheus_client shares them by files in a directory, which
must be in the environment before this module is imported (see gunicorn.conf.py).
"""

import socket
import threading
import time
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import psycopg2
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.backends.signals import connection_created
from prometheus_client import CollectorRegistry, Counter, Histogram, make_wsgi_app
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

from actorsite.db.data_version import read_data_version
from actorsite.db.deadlines import deadline
from actorsite.observability.health import PROBE_VIEWS
from actorsite.observability.request_start import request_start

COUNTED_METHODS = ("GET", "HEAD", "POST")
# The limit for all queries of one scrape: less than a request may take, since metrics matter less.
DATABASE_TIMEOUT_SECONDS = 2.0
DURATION_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)

requests = Counter("actorsite_requests_total", "Responses sent, except to probes.", ["method", "status", "view"])
request_seconds = Histogram(
    "actorsite_request_duration_seconds",
    "Time from a request to the start of its response.",
    ["view"],
    buckets=DURATION_BUCKETS,
)
query_seconds = Histogram(
    "actorsite_database_query_duration_seconds", "Duration of database queries.", buckets=DURATION_BUCKETS
)
query_errors = Counter("actorsite_database_errors_total", "Failed database queries.", ["type"])

_socket: socket.socket | None = None


class MetricsMiddleware:
    """First middleware: counts and times each request that the page cache passes on."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        """Return the response to a request, and count it unless it is a probe."""
        if request.path_info in PROBE_VIEWS:
            return self.get_response(request)
        start = request_start(request.META)
        response = self.get_response(request)
        view = request.resolver_match.view_name if request.resolver_match else "none"
        count_request(request.method, response.status_code, view, time.perf_counter() - start)
        return response


def count_request(method: str, status: int, view: str, seconds: float) -> None:
    """Count a response, and record how long it took.

    Every combination of labels stays in memory, so clients must not be able to add values without limit.
    """
    request_seconds.labels(view).observe(seconds)
    requests.labels(method if method in COUNTED_METHODS else "other", str(status), view).inc()


def watch_queries(connection, **kwargs):
    """Time all queries of a new connection.

    The documented ``execute_wrapper()`` is a context manager and stops at the end of its block. So this appends to
    the undocumented list behind it.
    """
    if time_query not in connection.execute_wrappers:
        connection.execute_wrappers.append(time_query)


def time_query(execute, sql, params, many, context):
    """Run a query; record its duration, or its error. See ``connection.execute_wrapper``."""
    try:
        with query_seconds.time():
            return execute(sql, params, many, context)
    except Exception as error:
        query_errors.labels(type(error).__name__).inc()
        raise


connection_created.connect(watch_queries)


class DatabaseCollector:
    """Collector of metrics that are read from the database at each scrape."""

    def collect(self):
        """Yield the metrics. If the database does not answer, yield only ``actorsite_database_up`` 0."""
        up, figures = False, []
        try:
            with deadline(DATABASE_TIMEOUT_SECONDS):
                figures = self.ask()
                up = True
        except (DatabaseError, InterfaceError, psycopg2.Error, LookupError):
            pass  # actorsite_database_up is 0
        finally:
            connection.close()
        yield GaugeMetricFamily("actorsite_database_up", "1 if the database answers, else 0.", value=up)
        yield from figures

    def ask(self):
        """Return the metrics. Raises a database error, or LookupError if the data has no version."""
        figures = []
        if settings.DATA_VERSION:
            meaning = "Version of the data. Every transaction that changes public data raises it."
            figures.append(GaugeMetricFamily("actorsite_data_version", meaning, value=read_data_version().number))
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
                count = cursor.fetchone()[0]
            meaning = "Open connections to this database, from all servers."
            figures.append(GaugeMetricFamily("actorsite_database_connections", meaning, value=count))
        return figures


def metrics_application(environ, start_response):
    """Return the metrics for /metrics, otherwise 404. This is the WSGI application of the metrics port."""
    if environ["PATH_INFO"] != "/metrics":
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return [b"The metrics are at /metrics.\n"]
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    registry.register(DatabaseCollector())
    return make_wsgi_app(registry)(environ, start_response)


def listen(port: int):
    """Open the port, unless this process has opened it already. Raises OSError if it is in use."""
    global _socket
    if _socket is None:
        both = socket.has_dualstack_ipv6()
        family, host = (socket.AF_INET6, "::") if both else (socket.AF_INET, "0.0.0.0")  # noqa: S104  Prometheus is elsewhere
        _socket = socket.create_server((host, port), family=family, dualstack_ipv6=both)


def serve():
    """Start a daemon thread that serves the port, which the parent process has opened."""
    if _socket is None:
        raise RuntimeError("The port of the metrics is not open. Call listen first.")
    server = WSGIServer(_socket.getsockname()[:2], QuietHandler, bind_and_activate=False)
    server.socket.close()
    server.socket = _socket
    server.server_name, server.server_port = "metrics", _socket.getsockname()[1]
    server.setup_environ()
    server.set_app(metrics_application)
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()


class QuietHandler(WSGIRequestHandler):
    """Request handler without a log."""

    timeout = 5  # seconds after which a client that neither sends nor reads is disconnected

    def log_message(self, *arguments):
        """Log nothing: Prometheus scrapes every few seconds."""
