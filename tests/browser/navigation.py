"""Clicks that lead to another page."""


def follow(target):
    """Click ``target`` (a locator) and wait until the page that it leads to is loaded.

    A click alone waits for the page's first byte: what is read at once after it may be of an empty page.
    """
    with target.page.expect_navigation():
        target.click()
