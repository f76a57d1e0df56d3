"""The site as gunicorn sees it, with the page cache around, in the test's own process."""

from django.core.wsgi import get_wsgi_application
from django.test import RequestFactory

from actorsite.page_cache.wsgi import Pages


class Site:
    """``pages`` is the cache, ``public`` the short way; ``asked`` counts the requests that the cache left to others."""

    def __init__(self, seconds=0):
        self.asked = 0
        site = get_wsgi_application()

        def application(environ, start_response):
            self.asked += "actorsite.pages" not in environ
            return site(environ, start_response)

        def anew(*arguments):
            self.asked += 1
            return self.public(*arguments)

        self.pages = Pages(application, seconds)
        self.public, self.pages.public = self.pages.public, anew

    def request(self, method, address, headers=None, **environ):
        """Return (status, headers as a dict, body)."""
        headers = {"Host": "testserver", **(headers or {})}
        asked = RequestFactory().generic(method, address, headers=headers, **environ).environ
        started = []
        answer = self.pages(asked, lambda status, headers, *more: started.append((int(status[:3]), dict(headers))))
        body = b"".join(answer)
        if hasattr(answer, "close"):
            answer.close()
        return *started[-1], body if method != "HEAD" else b""

    def get(self, address, headers=None, **environ):
        return self.request("GET", address, headers, **environ)
