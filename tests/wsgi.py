"""The site as gunicorn sees it, with the page cache around, in the test's own process."""

from django.core.wsgi import get_wsgi_application
from django.test import RequestFactory

from actorsite.page_cache.wsgi import PageCache


class Site:
    """``cache`` is the page cache; ``asked`` counts the requests that it did not answer."""

    def __init__(self, seconds=0):
        self.asked = 0
        self.application = get_wsgi_application()
        self.cache = PageCache(self.ask, seconds)

    def ask(self, environ, start_response):
        self.asked += 1
        return self.application(environ, start_response)

    def request(self, method, address, headers=None, **environ):
        """Return (status, headers as a dict, body)."""
        headers = {"Host": "testserver", **(headers or {})}
        asked = RequestFactory().generic(method, address, headers=headers, **environ).environ
        # As gunicorn has it (PEP 3333); the factory's request has decoded it in its own environ.
        asked["PATH_INFO"] = asked["PATH_INFO"].encode().decode("iso-8859-1")
        started = []
        answer = self.cache(asked, lambda status, headers, *more: started.append((int(status[:3]), dict(headers))))
        body = b"".join(answer)
        if hasattr(answer, "close"):
            answer.close()
        return *started[-1], body if method != "HEAD" else b""

    def get(self, address, headers=None, **environ):
        return self.request("GET", address, headers, **environ)
