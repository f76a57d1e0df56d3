"""The WSGI application that gunicorn serves, with the page cache, called in the test's own process."""

from django.core.wsgi import get_wsgi_application
from django.test import RequestFactory

from actorsite.page_cache.wsgi import PageCache


class Site:
    """The application. ``cache`` is the page cache; ``uncached_count`` counts the requests not served from it."""

    def __init__(self, seconds=0, on_hit=None):
        self.uncached_count = 0
        self.application = get_wsgi_application()
        self.cache = PageCache(self.serve_uncached, seconds, on_hit)

    def serve_uncached(self, environ, start_response):
        self.uncached_count += 1
        return self.application(environ, start_response)

    def request(self, method, url, headers=None, **environ):
        """Return (status, headers as a dict, body)."""
        headers = {"Host": "testserver", **(headers or {})}
        asked = RequestFactory().generic(method, url, headers=headers, **environ).environ
        # RequestFactory has decoded the path. gunicorn passes its bytes as Latin-1 (PEP 3333).
        asked["PATH_INFO"] = asked["PATH_INFO"].encode().decode("iso-8859-1")
        started = []
        response = self.cache(asked, lambda status, headers, *more: started.append((int(status[:3]), dict(headers))))
        body = b"".join(response)
        if hasattr(response, "close"):
            response.close()
        return *started[-1], body if method != "HEAD" else b""

    def get(self, url, headers=None, **environ):
        return self.request("GET", url, headers, **environ)
