"""The WSGI application that gunicorn serves."""

import os
import threading
from collections.abc import Callable, Iterable

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection

from actorsite.db.postgresql import base
from actorsite.observability import logging as logs

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "actorsite.settings")

application: Callable[..., Iterable[bytes]] = get_wsgi_application()

base.serving = True
if connection.vendor == "sqlite":
    # Seconds to wait for another process's lock. A page may wait twice, for the version and for its rows, and must take
    # less than 3 s.
    connection.settings_dict["OPTIONS"].setdefault("timeout", 1.2)
threading.excepthook = logs.log_thread_failure

if settings.DATA_VERSION and not settings.DEBUG:
    from actorsite.page_cache.wsgi import PageCache

    on_hit = None
    if settings.METRICS_PORT:
        from actorsite.observability.metrics import count_request

        on_hit = count_request
    application = PageCache(application, settings.CACHE_SECONDS, on_hit)
