"""Navigation through the site: by clicks without JavaScript, and by keyboard with a visible focus."""

import pytest

from tests import pages
from tests.browser.navigation import follow

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]

# More than the number of focusable elements on any page.
MOST = 250
FOCUS = """() => {
  const element = document.activeElement, style = getComputedStyle(element), box = element.getBoundingClientRect()
  return {
    what: element.outerHTML.slice(0, 200),
    marked: element.matches(":focus-visible") && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    inSight: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth && box.width > 0,
  }
}"""


@pytest.fixture(autouse=True)
def _directory():
    pages.load()


def reach(target):
    """Press Tab until ``target`` has the focus; check that the focus is visible at each step."""
    page = target.page
    for _ in range(MOST):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            continue  # the end of the page: the focus starts again at the top
        focus = page.evaluate(FOCUS)
        assert focus["marked"], f"The focus is not visible on {focus['what']}"
        assert focus["inSight"], f"The focus is outside the window on {focus['what']}"
        if target.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"Tab does not reach {target}")


def press(target):
    """Press Tab until ``target`` has the focus, then Enter; wait for the next page."""
    reach(target)
    with target.page.expect_navigation():
        target.page.keyboard.press("Enter")


def choose(menu, text):
    """Press Tab until ``menu`` has the focus, and select the option that begins with ``text``."""
    reach(menu)
    menu.page.keyboard.type(text)


def walk(page, go, enter, choose):
    """Search, filter, go to the next page, open an actor and a film, choose the language, go back."""
    heading = page.get_by_role("heading", level=1)
    page.goto("/")
    enter(page.get_by_role("searchbox"))
    page.keyboard.type("mifune")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?q=mifune")
    assert page.locator(".actors a").count() == 1

    go(page.get_by_role("link", name="Directory"))
    page.wait_for_url(lambda url: url.endswith("/"))
    choose(page.get_by_label("Living or deceased"), "Living")
    go(page.get_by_role("button", name="Apply"))
    page.wait_for_url("**/?living=yes")
    go(page.get_by_role("link", name="Next", exact=True))
    page.wait_for_url("**/?living=yes&after=*")

    name = page.locator(".actors a").first.inner_text()
    go(page.locator(".actors a").first)
    page.wait_for_url("**/actors/**")
    assert heading.inner_text() == name
    title = page.locator(".credits a").first.inner_text()
    go(page.locator(".credits a").first)
    page.wait_for_url("**/films/**")
    assert heading.inner_text() == title

    film = page.url
    go(page.get_by_role("button", name="简体中文"))
    page.wait_for_load_state()
    assert (page.url, page.locator("html").get_attribute("lang")) == (film, "zh-hans")
    go(page.locator(".back a"))
    page.wait_for_url(lambda url: url.endswith("/"))
    assert page.locator("html").get_attribute("lang") == "zh-hans"


def test_site_is_navigable_by_clicks_without_javascript(open_page):
    page = open_page(java_script_enabled=False)
    walk(page, follow, lambda field: field.click(), lambda menu, text: menu.select_option(value="yes"))


def test_site_is_navigable_by_keyboard(open_page):
    page = open_page()
    walk(page, press, reach, choose)


def test_first_tab_stop_is_the_skip_link(open_page):
    page = open_page("phone")
    page.goto("/")
    reach(page.get_by_role("link", name="Skip to the content"))
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "q"
