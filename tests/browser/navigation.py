"""Clicks that open another page."""


def follow(target):
    """Click ``target`` (a locator) and wait until the page that it opens is loaded.

    A click alone waits only for the first byte of the page, so a check right after it may see an empty page.
    """
    with target.page.expect_navigation():
        target.click()
