"""Public pages in a real browser: accessibility, screen sizes, no JavaScript."""

import re
from itertools import pairwise

import pytest

from actors.models import Actor
from tests import pages
from tests.browser.conftest import SIZES, collected_faults
from tests.browser.navigation import follow

# The live server must see the test data, so it must be committed.
pytestmark = pytest.mark.django_db(transaction=True)

# Pairwise combinations of language, color scheme and size. {language: (locale, looks)}
LOOKS = {
    "en": ("en-US", [("light", "desktop"), ("dark", "phone")]),
    "zh-hans": ("zh-CN", [("dark", "desktop"), ("light", "phone")]),
}
LOCALES = {language: locale for language, (locale, _looks) in LOOKS.items()}


@pytest.fixture(autouse=True)
def _directory(settings):
    settings.ROOT_URLCONF = "tests.browser.error_urls"
    pages.load()


@pytest.mark.once
@pytest.mark.parametrize("language", LOOKS)
def test_public_pages_pass_the_page_check_in_every_theme(open_page, check_page, language):
    locale, looks = LOOKS[language]
    page = open_page(locale=locale)
    with collected_faults() as collect:
        for name in pages.PAGES:
            page.goto(pages.url(name))
            assert page.locator("html").get_attribute("lang") == language
            if name[:3].isdigit():
                assert page.locator(".code").inner_text() == name[:3]
            for scheme, size in looks:
                page.emulate_media(color_scheme=scheme)
                page.set_viewport_size(SIZES[size])
                collect(check_page, page)


@pytest.mark.once
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_open_filters_on_a_phone_pass_the_page_check(open_page, check_page, scheme):
    page = open_page("phone", scheme)
    for url in ("/", "/films/"):
        page.goto(url)
        page.get_by_text("Filter and sort").click()
        check_page(page)


@pytest.mark.once
@pytest.mark.parametrize("language", LOCALES)
def test_small_phone_shows_first_actors_without_scrolling(open_page, language):
    page = open_page("phone", locale=LOCALES[language])
    page.goto("/")
    for row in page.locator(".actors li").all()[:2]:
        box = row.bounding_box()
        assert box["y"] + box["height"] <= 640
    assert len({link.bounding_box()["y"] for link in page.locator(".masthead a").all()}) == 1


@pytest.mark.once
def test_letters_on_a_phone_form_one_row_reachable_by_keyboard(open_page):
    page = open_page("phone")
    page.goto("/")
    letters = page.locator(".letters a")
    assert len({letter.bounding_box()["y"] for letter in letters.all()}) == 1
    assert page.locator(".letters ul").evaluate("row => row.scrollWidth > row.clientWidth")
    letters.first.focus()
    for _ in letters.all()[1:]:
        page.keyboard.press("Tab")
        box = page.evaluate("document.activeElement.getBoundingClientRect().toJSON()")
        assert box["left"] >= 0 and box["right"] <= 320
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.url.endswith("/?letter=Z")
    assert page.evaluate("scrollY") == 0


@pytest.mark.once
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_credits_are_aligned_in_columns(open_page, size):
    page = open_page(size)
    page.goto(pages.url("actor"))
    for column in (".credits .year", ".credits a, .credits .native", ".credits .part"):
        places = {item.bounding_box()["x"] for item in page.locator(column).all()}
        assert len(places) == 1, f"{column}: {places}"


@pytest.mark.once
def test_film_year_is_on_the_title_line_at_the_end_of_the_row(open_page):
    for size in ("desktop", "phone"):
        page = open_page(size)
        page.goto("/films/")
        for row in page.locator(".actors li").all()[:10]:
            whole, title, year = (part.bounding_box() for part in (row, row.locator("a"), row.locator("span")))
            assert title["y"] <= year["y"] < title["y"] + title["height"]
            assert round(year["x"] + year["width"]) == round(whole["x"] + whole["width"])


@pytest.mark.once
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_filters_are_open_on_a_desktop_and_collapsed_on_a_phone(open_page, size):
    page = open_page(size)
    page.goto("/")
    line, menus = page.get_by_text("Filter and sort"), page.locator(".narrow select")
    assert menus.count() == 4
    if size == "phone":
        assert not any(menu.is_visible() for menu in menus.all())
        line.click()
        assert line.is_visible() and len({menu.bounding_box()["x"] for menu in menus.all()}) == 2
    assert line.is_visible() == (size == "phone")
    assert all(menu.is_visible() for menu in menus.all())
    assert page.get_by_role("button", name="Apply").is_visible()


def test_visitor_finds_an_actor_without_javascript(open_page):
    page = open_page(java_script_enabled=False)
    page.goto("/")
    page.get_by_label("Search by name").fill("demidova")
    follow(page.get_by_role("button", name="Search"))
    assert page.get_by_text("1 actor", exact=True).is_visible()
    follow(page.get_by_role("link", name="Alla Demidova"))
    assert page.get_by_role("heading", level=1).inner_text() == "Alla Demidova"
    assert page.locator("p.native bdi[lang=ru]").inner_text() == "Алла Демидова"
    follow(page.get_by_role("link", name="All actors"))
    page.get_by_label("Country").select_option(value="EG")
    page.get_by_label("Living or deceased").select_option(value="no")
    follow(page.get_by_role("button", name="Apply"))
    assert page.url.endswith("/?country=EG&living=no")
    assert page.get_by_role("link", name="Faten Hamama").is_visible()
    follow(page.get_by_role("link", name="Remove Egypt"))
    follow(page.get_by_role("link", name="Remove Deceased"))
    assert page.url.endswith("/")


def test_visitor_pages_through_the_list_and_back(page):
    page.goto("/")
    first = page.locator(".actors a").all_inner_texts()
    seen = list(first)
    while page.get_by_role("link", name="Next").count():
        follow(page.get_by_role("link", name="Next"))
        seen += page.locator(".actors a").all_inner_texts()
    assert len(seen) == Actor.objects.count()
    while page.get_by_role("link", name="Previous").count():
        follow(page.get_by_role("link", name="Previous"))
    assert page.locator(".actors a").all_inner_texts() == first
    assert page.url.endswith("/")


def test_visitor_reaches_search_and_first_result_by_keyboard(page):
    page.goto("/")

    def focused():
        return page.evaluate("document.activeElement.innerText || document.activeElement.id")

    page.keyboard.press("Tab")
    assert focused() == "Skip to the content"
    assert page.get_by_text("Skip to the content").is_visible()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert focused() == "q"
    page.keyboard.type("梁朝偉")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?q=*")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    for _ in range(15):
        page.keyboard.press("Tab")
        if "Leung" in focused():
            break
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert ("Leung" in focused(), outline) == (True, "solid")
    page.keyboard.press("Enter")
    page.wait_for_url("**/actors/**")
    assert "Leung" in page.get_by_role("heading", level=1).inner_text()


@pytest.mark.once
@pytest.mark.parametrize(("name", "query", "found"), [("actor", "demidova", "Alla"), ("film", "ikiru", "Ikiru")])
def test_visitor_searches_from_entry_pages_by_keyboard_on_a_phone(open_page, name, query, found):
    page = open_page("phone")
    page.goto(pages.url(name))
    page.get_by_role("searchbox").focus()
    page.keyboard.type(query)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/?q={query}")
    assert found in page.locator(".actors a").first.inner_text()


@pytest.mark.once
def test_biography_has_the_same_serif_font_in_each_language(open_page):
    faces = []
    for language in LOCALES.values():
        page = open_page(locale=language)
        page.goto(pages.url("actor"))
        faces.append(page.locator(".text p").first.evaluate("e => getComputedStyle(e).fontFamily"))
        native = page.locator("p.native bdi").evaluate("e => getComputedStyle(e).fontFamily")
        assert native.startswith('"Hiragino Sans"')
    assert faces[0] == faces[1] and faces[0].startswith("Charter")


@pytest.mark.once
def test_data_links_are_evenly_spaced(page):
    page.goto("/")
    texts = page.locator(".data a").evaluate_all(
        "links => links.map(link => { let range = document.createRange(); range.selectNodeContents(link);"
        " let box = range.getBoundingClientRect(); return [box.left, box.right] })"
    )
    gaps = {round(after[0] - before[1]) for before, after in pairwise(texts)}
    assert len(texts) == 3 and len(gaps) == 1


@pytest.mark.once
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_link_underlines_have_enough_contrast(open_page, scheme):
    """The contrast is at least 3:1 (WCAG 1.4.11), because only the underline identifies a link."""
    page = open_page(scheme=scheme)
    page.goto(pages.url("actor"))
    line = page.locator("dd a").first.evaluate("e => getComputedStyle(e).textDecorationColor")
    paper = page.locator("html").evaluate("e => getComputedStyle(e).backgroundColor")
    line, paper = _luminance(line), _luminance(paper)
    assert (max(line, paper) + 0.05) / (min(line, paper) + 0.05) >= 3


def _luminance(color):
    """Return the relative luminance (WCAG 2.2) of a color such as ``rgb(22, 21, 15)``."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", color)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.once
def test_current_choice_is_marked_in_forced_colors(open_page):
    """Forced colors remove backgrounds and shadows, so the current choice, and no other, has a border."""
    page = open_page(forced_colors="active")
    page.goto("/?living=yes")
    bordered = "links => links.filter(e => parseFloat(getComputedStyle(e).borderBottomWidth)).map(e => e.innerText)"
    assert page.locator(".masthead nav a").evaluate_all(bordered) == ["Directory"]
    assert page.locator(".narrow select").first.evaluate("e => parseFloat(getComputedStyle(e).borderTopWidth)") >= 1
    assert [text.split() for text in page.locator(".chips a").evaluate_all(bordered)] == [["Remove", "Living"]]
    page.goto("/api/")
    assert page.locator("pre").first.evaluate("e => parseFloat(getComputedStyle(e).borderTopWidth)") >= 1


@pytest.mark.once
def test_text_at_200_percent_is_not_cut_off(open_page):
    """On a phone, the page fits the window, and the search field is wide enough for a name (WCAG 1.4.4)."""

    def check_fit(page, width):
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{page.url} is {wide} px wide in a window of {width} px."
        for field in page.get_by_role("searchbox").all():
            assert field.bounding_box()["width"] > 0.7 * width, f"The search field of {page.url} is too narrow."

    page = open_page("phone")
    with collected_faults() as collect:
        for url in [*map(pages.url, pages.PAGES), "/?letter=m"]:
            page.goto(url)
            page.evaluate("document.documentElement.style.fontSize = '200%'")
            for width in (320, 390):
                page.set_viewport_size({"width": width, "height": 844})
                collect(check_fit, page, width)


@pytest.mark.once
def test_touch_targets_are_large_enough(open_page):
    """Targets are at least 44 px high (WCAG 2.5.5). Links within a sentence are exempt."""
    page = open_page("phone")
    page.goto("/?living=yes")
    page.get_by_text("Filter and sort").click()
    small = page.evaluate(
        "[...document.querySelectorAll('a, button, input:not([type=hidden]), select, summary')]"
        ".filter(e => e.checkVisibility() && !e.matches('.skip, p a'))"
        ".map(e => [e.innerText, e.getBoundingClientRect().height]).filter(([text, height]) => height < 44)"
    )
    assert small == []


@pytest.mark.once
def test_printed_page_has_names_and_no_controls(page):
    page.goto("/")
    page.emulate_media(media="print")
    assert page.locator(".actors a").first.is_visible()
    for control in ("search", "narrow", "letters", "pages"):
        assert not page.locator(f".{control}").is_visible()
    page.goto("/?country=HK")
    chip = page.locator(".chips a")
    assert chip.is_visible() and chip.evaluate("e => getComputedStyle(e, '::after').content") == "none"
    page.goto("/api/")
    # Browsers print no backgrounds, so light text on a dark background would be invisible.
    assert page.locator("pre").first.evaluate("e => getComputedStyle(e).color") == "rgb(0, 0, 0)"


@pytest.mark.once
def test_actor_with_13_films_prints_on_one_sheet(page):
    tony = Actor.objects.get(first_name="Tony", last_name="Leung", native_name="梁朝偉")
    assert tony.credits.count() == 13
    page.goto(tony.get_absolute_url())
    assert len(re.findall(rb"/Type /Page\b", page.pdf(format="A4"))) == 1
