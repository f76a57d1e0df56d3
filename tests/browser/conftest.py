"""A real Chromium for the pages of a live server.

``page`` is a page of a desktop in daylight; ``open_page`` makes others. Every
page notes what its browser refused and what it could not load; ``check_page``
holds that against it, with what axe finds.
"""

import os
import shutil

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

# The first is Chromium without the parts that only a window shows: the same engine in half the time, which Playwright
# prefers too. https://playwright.dev/python/docs/browsers#chromium-headless-shell
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
MISSING = "NO CHROMIUM FOUND: the pages were not tested in a browser. Install the package `chromium`."
# Without the details of what passes, which take longer to gather than the rules take to run.
AXE_OPTIONS = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
SIZES = {"phone": {"width": 320, "height": 640}, "desktop": {"width": 1280, "height": 900}}

# The browser tells the page of what the policy stopped; the console says it in words.
WATCH = """
window.refused = [];
document.addEventListener("securitypolicyviolation",
  violation => window.refused.push(`${violation.violatedDirective} ${violation.blockedURI}`));
"""


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium. Where there is none, the tests are skipped, but fail where CI=true."""
    if not CHROMIUM:
        if os.environ.get("CI") == "true":
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    with sync_playwright() as playwright:
        # Playwright runs an event loop in this thread, where Django would refuse to query.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
        quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments + quiet)
        yield browser
        browser.close()
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def open_page(browser, live_server):
    """A function that opens an empty page: (size="desktop", scheme="light", **options of the browser's context)."""
    contexts = []

    def open_page(size="desktop", scheme="light", **options):
        context = browser.new_context(
            base_url=live_server.url, viewport=SIZES[size], color_scheme=scheme, reduced_motion="reduce", **options
        )
        contexts.append(context)
        context.add_init_script(WATCH)
        page = context.new_page()
        page.complaints = []
        page.policy = None
        page.on("console", lambda message: _note_message(page, message))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("response", lambda response: _note_response(page, response))
        return page

    yield open_page
    for context in contexts:
        context.close()


def _note_message(page, message):
    # A page that is meant to be a 404 is no complaint; what it loads is watched below.
    if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
        page.complaints.append(message.text)


def _note_response(page, response):
    if response.request.is_navigation_request():
        page.policy = response.headers.get("content-security-policy")
    elif response.status >= 400:
        page.complaints.append(f"{response.status} {response.url}")


@pytest.fixture
def page(open_page):
    """A page of a desktop in daylight."""
    return open_page()


@pytest.fixture(scope="session")
def check_page():
    """A function that fails unless the page it is given is without fault.

    That is: served under `default-src 'none'`, of which nothing was violated;
    everything loaded; no finding of axe; no scrolling sideways.
    """

    def check_page(page):
        assert page.policy and page.policy.startswith("default-src 'none'"), f"{page.url}: {page.policy}"
        complaints = page.complaints + page.evaluate("window.refused")
        assert not complaints, f"{page.url}: {complaints}"
        found = Axe().run(page, options=AXE_OPTIONS)
        assert not found.response["violations"], f"{page.url}: {found.generate_report()}"
        wide, window = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert wide <= window, f"{page.url} is {wide} px wide in a window of {window} px."
        page.complaints.clear()  # axe writes to the console too

    return check_page
