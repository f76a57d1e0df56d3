"""The WSGI application that gunicorn serves, with the page cache, called in the test's own process."""

from django.core.wsgi import get_wsgi_application
from django.test import RequestFactory

from actorsite.page_cache.wsgi import PageCache


class Site:
    """``cache`` is the page cache; ``asked`` counts the requests that were not served from it."""

    def __init__(self, seconds=0, on_hit=None):
        self.asked = 0
        self.application = get_wsgi_application()
        self.cache = PageCache(self.ask, seconds, on_hit)

    def ask(self, environ, start_response):
        self.asked += 1
        return self.application(environ, start_response)

    def request(self, method, url, headers=None, **environ):
        """Return (status, headers as a dict, body)."""
        headers = {"Host": "testserver", **(headers or {})}
        asked = RequestFactory().generic(method, url, headers=headers, **environ).environ
        # As gunicorn passes it (PEP 3333): RequestFactory has decoded it.
        asked["PATH_INFO"] = asked["PATH_INFO"].encode().decode("iso-8859-1")
        started = []
        response = self.cache(asked, lambda status, headers, *more: started.append((int(status[:3]), dict(headers))))
        body = b"".join(response)
        if hasattr(response, "close"):
            response.close()
        return *started[-1], body if method != "HEAD" else b""

    def get(self, url, headers=None, **environ):
        return self.request("GET", url, headers, **environ)
