"""Fixtures that open pages of a live server in Chromium.

``page`` is a desktop page in light colors; ``open_page`` opens others. Each
page records what the browser blocked or could not load. ``check_page`` fails
for these errors, and for violations that axe finds.
"""

import os
import shutil
from contextlib import contextmanager

import pytest
from axe_playwright_python.base import AxeResults
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

# The headless shell has the same engine without the user interface, and takes half the time. Playwright prefers it
# too. https://playwright.dev/python/docs/browsers#chromium-headless-shell
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
MISSING = "NO CHROMIUM FOUND: the pages were not tested in a browser. Install the package `chromium`."
# Leave out the details of passed rules: collecting them takes longer than running the rules.
AXE_OPTIONS = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
AXE = Axe()
SIZES = {"phone": {"width": 320, "height": 640}, "desktop": {"width": 1280, "height": 900}}

# Script that records in the page what the content security policy has blocked.
WATCH = """
window.refused = [];
document.addEventListener("securitypolicyviolation",
  violation => window.refused.push(`${violation.violatedDirective} ${violation.blockedURI}`));
"""


@pytest.fixture(scope="session")
def browser():
    """Yield headless Chromium. If it is not installed, skip the tests, or let them fail if CI=true."""
    if not CHROMIUM:
        if os.environ.get("CI") == "true":
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    with sync_playwright() as playwright:
        # Playwright runs an event loop in this thread, where Django would refuse database queries.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
        quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments + quiet)
        yield browser
        browser.close()
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def open_page(browser, live_server):
    """Return a function that opens an empty page: (size="desktop", scheme="light", **context options)."""
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
    # A page may be a 404 on purpose; _note_response records files that are missing.
    if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
        page.complaints.append(message.text)


def _note_response(page, response):
    if response.request.is_navigation_request():
        page.policy = response.headers.get("content-security-policy")
    elif response.status >= 400:
        page.complaints.append(f"{response.status} {response.url}")


@pytest.fixture
def page(open_page):
    """Return a desktop page in light colors."""
    return open_page()


@pytest.fixture(scope="session")
def check_page():
    """Return a function that fails if a page has faults.

    Faults are: no `default-src 'none'`, a violation of the policy, a file that
    did not load, a violation that axe finds, or a page wider than its window.
    """

    def check_page(page):
        assert page.policy and page.policy.startswith("default-src 'none'"), f"{page.url}: {page.policy}"
        complaints = page.complaints + page.evaluate("window.refused")
        assert not complaints, f"{page.url}: {complaints}"
        if not page.evaluate("'axe' in window"):
            page.evaluate(AXE.axe_script)
        found = AxeResults(page.evaluate("options => axe.run(document, options)", AXE_OPTIONS))
        assert not found.response["violations"], f"{page.url}: {found.generate_report()}"
        wide, window = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert wide <= window, f"{page.url} is {wide} px wide in a window of {window} px."
        # axe writes to the console, and adds styles that the policy blocks.
        page.complaints.clear()
        page.evaluate("window.refused.length = 0")

    return check_page


@contextmanager
def collected_faults():
    """Yield a function that calls a check and collects its AssertionError; fail at the end if there are any."""
    faults = []

    def collect(check, page, *arguments):
        try:
            check(page, *arguments)
        except AssertionError as fault:
            faults.append(str(fault))
            page.complaints.clear()

    yield collect
    assert not faults, "\n".join(faults)
