"""Every page of the admin, including those of accounts, in light and dark, on a desktop and on a phone."""

import re
from itertools import pairwise

import pytest
from axes.models import AccessAttempt
from django import VERSION
from django.contrib.admin import site
from django.contrib.auth.models import Group, User
from playwright.sync_api import expect

from actors.models import Actor, Credit, Film
from tests.actorsite.accounts.test_mfa import give_app
from tests.browser.admin.steps import save_screenshot, sign_in
from tests.browser.conftest import collected_faults
from tests.clients import PASSWORD
from tests.directory import load_directory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


@pytest.fixture(autouse=True)
def _directory():
    load_directory(Actor)
    Group.objects.get_or_create(name="Curators")
    User.objects.create_superuser("carol", password=PASSWORD)
    User.objects.create_user("dave", password=PASSWORD, is_staff=True)
    AccessAttempt.objects.create(username="eve", ip_address="203.0.113.1", failures_since_start=5)
    mifune = Actor.objects.get(last_name="Mifune")
    mifune.biography = "An actor of Akira Kurosawa's."
    mifune.save()
    film = Film.objects.create(title="Rashomon", original_title="羅生門", year=1950)
    Credit.objects.create(actor=Actor.objects.earliest("pk"), film=film, character="Tajōmaru", billing=1)
    Credit.objects.update(actor=mifune)  # the history shows that the actor changed


def urls():
    """Return the URLs of the admin's own pages, and of the list, forms, history and deletion of every model."""
    found = ["/admin/", "/admin/password_change/", "/admin/password_change/done/", "/admin/second-factor/"]
    for model in site._registry:
        opts = model._meta
        base = f"/admin/{opts.app_label}/{opts.model_name}/"
        found += [base, f"/admin/{opts.app_label}/"]
        first = model.objects.order_by("pk").first()
        if model._meta.model_name in ("change", "filmchange", "accessattempt", "batch"):
            continue
        found += [f"{base}add/", *(f"{base}{first.pk}/{page}/" for page in ("change", "delete", "history") if first)]
    dave = User.objects.get(username="dave")
    searches = [f"/admin/actors/actor/?q={query}" for query in ("none-such", "li&living=yes")]
    return list(dict.fromkeys([*found, f"/admin/auth/user/{dave.pk}/password/", *searches]))


@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_admin_pages_pass_the_page_check(open_page, check_page, settings, size, scheme):
    settings.ENVIRONMENT_LABEL = "staging"
    page = open_page(size, scheme)
    page.goto("/admin/login/")
    check_page(page)
    sign_in(page)
    pages = urls()
    assert len(pages) > 20
    with collected_faults() as collect:
        for url in pages:
            page.goto(url)
            collect(check_page, page)
    page.goto("/admin/")
    page.get_by_role("button", name="Log out").click()
    page.get_by_role("link", name="Log in again").wait_for()
    check_page(page)


@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_pages_of_refused_logins_pass_the_page_check(open_page, check_page, size, scheme):
    page = open_page(size, scheme)
    give_app(User.objects.get(username="dave"))
    for name, password, ends in (("dave", PASSWORD, "Second factor"), ("eve", "wrong", "Log in")):
        page.goto("/admin/login/")
        page.get_by_label("Username").fill(name)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("heading", level=1, name=ends).wait_for()
        check_page(page)
        page.context.clear_cookies()
    AccessAttempt.objects.update(ip_address="127.0.0.1")
    page.get_by_label("Username").fill("eve")
    page.get_by_label("Password").fill("wrong")
    page.context.clear_cookies()
    page.goto("/admin/login/")
    page.get_by_label("Username").fill("eve")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("heading", level=1, name="Too many wrong passwords").wait_for()
    check_page(page)


def test_browser_asks_before_leaving_form_with_unsaved_changes(page):
    sign_in(page)
    url = f"/admin/actors/actor/{Actor.objects.get(last_name='Mifune').pk}/change/"
    asked = []

    def accept(dialog):
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", accept)
    page.goto(url)
    page.get_by_role("link", name="Home").click()
    page.wait_for_url("**/admin/")
    assert asked == []
    page.goto(url)
    page.get_by_label("First name").fill("T")
    page.get_by_role("link", name="Home").click()
    page.wait_for_url("**/admin/")
    assert asked == ["beforeunload"]
    page.goto(url)
    page.get_by_label("Biography").fill("Saved.")
    page.get_by_role("button", name="Save", exact=True).first.click()
    page.wait_for_url(re.compile("/admin/actors/actor/$"))
    assert asked == ["beforeunload"]
    assert Actor.objects.get(last_name="Mifune").biography == "Saved."


@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_conflict_about_a_film_can_be_resolved(open_page, check_page, size, scheme):
    page = open_page(size, scheme)
    sign_in(page)
    film = Film.objects.get()
    page.goto(f"/admin/actors/film/{film.pk}/change/")
    page.locator("#id_year").fill("1999")
    page.locator("#id_credits-0-character").fill("Mine")
    Film.objects.filter(pk=film.pk).update(title="Changed by another")
    film.credits.update(character="Somebody")
    Credit.objects.create(film=film, actor=Actor.objects.exclude(last_name="Mifune").earliest("pk"), character="Masako")
    page.get_by_role("button", name="Save", exact=True).first.click()
    page.get_by_role("heading", level=1, name="Changed by another (1950) was changed while you were editing").wait_for()
    save_screenshot(page, f"film-conflict-{size}-{scheme}")
    check_page(page)
    page.get_by_role("group", name="Mifune: Character").get_by_role("radio", name="Edit").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Control+A")
    page.keyboard.type("Both")
    page.get_by_role("button", name="Save").press("Enter")
    page.wait_for_url(re.compile("/admin/actors/film/$"))
    film.refresh_from_db()
    assert (film.title, film.year) == ("Changed by another", 1999)
    assert list(film.credits.values_list("character", flat=True)) == ["Both", "Masako"]
    page.goto(f"/admin/actors/filmchange/?film={film.pk}")
    page.get_by_role("button", name="Go back to this version").first.wait_for()
    save_screenshot(page, f"film-history-{size}-{scheme}")
    # The button is visible without horizontal scrolling.
    back = page.get_by_role("button", name="Go back to this version").first
    assert back.bounding_box()["x"] < page.viewport_size["width"] - 40
    check_page(page)


@pytest.mark.parametrize("script", [True, False])
def test_conflict_about_the_actor_of_a_credit_can_be_resolved(open_page, check_page, script):
    page = open_page("phone", java_script_enabled=script)
    sign_in(page)
    credit = Credit.objects.get()
    was = credit.actor_id
    mine, theirs = Actor.objects.exclude(pk=was).order_by("pk")[:2]
    other = Actor.objects.create(first_name="Somebody", last_name="Else")
    page.goto(f"/admin/actors/film/{credit.film_id}/change/")
    if script:
        choose(page, page.get_by_role("combobox").first, str(mine))
    else:
        page.locator("#id_year").fill("1999")
    Credit.objects.update(actor=theirs)
    page.get_by_role("button", name="Save", exact=True).first.click()
    page.get_by_role("heading", level=1, name="was changed while you were editing").wait_for()
    if script:
        part = page.get_by_role("group", name=f"{mine}: Actor")
        choose(page, part.get_by_role("combobox"), "Somebody Else")
        expect(part.get_by_role("radio", name="Edit")).to_be_checked()
        save_screenshot(page, "film-conflict-actor")
        check_page(page)
        page.get_by_role("button", name="Save").click()
    else:
        part = page.get_by_role("group", name=": Actor")
        part.get_by_role("radio", name="Edit").check()
        part.get_by_role("combobox").select_option(str(was))
        page.get_by_role("button", name="Merge and save").click()
    page.wait_for_url(re.compile("/admin/actors/film/$"))
    credit.refresh_from_db()
    assert credit.actor_id == (other.pk if script else was)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_button_shows_and_hides_filters_on_a_phone(open_page, check_page, scheme):
    page = open_page("phone", scheme)
    sign_in(page)
    page.goto("/admin/actors/actor/?missing=birth_year")
    filters = page.get_by_role("navigation", name="Filter", exact=True)
    expect(filters).to_be_hidden()
    button = page.get_by_role("button", name="Filter", exact=True)
    assert button.bounding_box()["y"] < page.viewport_size["height"]
    button.press("Enter")
    expect(filters).to_be_visible()
    save_screenshot(page, f"filters-{scheme}")
    check_page(page)
    page.keyboard.press("Escape")
    expect(filters).to_be_hidden()
    button.click()
    page.get_by_role("button", name="Close").click()
    expect(filters).to_be_hidden()
    page.get_by_role("link", name="Clear all filters").click()
    page.wait_for_url(re.compile(r"/admin/actors/actor/\??$"))


@pytest.mark.parametrize(
    ("size", "url"), [("phone", "actors/actor"), ("phone", "auth/user"), ("desktop", "actors/actor")]
)
def test_filters_work_without_javascript(open_page, size, url):
    page = open_page(size, java_script_enabled=False)
    sign_in(page)
    page.goto(f"/admin/{url}/")
    filters = page.get_by_role("navigation", name="Filter", exact=True)
    button = page.get_by_role("button", name="Filter", exact=True)
    if size == "phone":
        button.click()
    else:
        expect(button).to_be_hidden()
    expect(filters).to_be_visible()
    filters.get_by_role("link").nth(1).click()
    page.wait_for_url("**/?*=*")
    page.get_by_role("link", name="Clear all filters").first.wait_for()


@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_cast_can_be_edited_without_javascript(open_page, size, scheme):
    page = open_page(size, scheme, java_script_enabled=False)
    sign_in(page)
    page.goto("/admin/actors/film/add/")
    page.locator("#id_title").fill("Yojimbo")
    box = page.get_by_label("or enter the full name or the ID").first
    box.fill("Mifun")
    page.get_by_role("button", name="Save", exact=True).first.click()
    page.get_by_text("No actor is named “Mifun”. Similar names: Toshirō Mifune").wait_for()
    save_screenshot(page, f"cast-{size}-{scheme}")
    box.fill("toshiro mifune")
    page.get_by_role("button", name="Save", exact=True).first.click()
    page.wait_for_url(re.compile("/admin/actors/film/$"))
    assert str(Film.objects.get(title="Yojimbo").credits.get().actor) == "Toshirō Mifune"


@pytest.mark.parametrize("script", [True, False])
def test_typed_text_in_a_conflict_selects_the_edit_option(open_page, check_page, script):
    page = open_page("phone", "light" if script else "dark", java_script_enabled=script)
    sign_in(page)
    film = Film.objects.get()
    page.goto(f"/admin/actors/film/{film.pk}/change/")
    page.locator("#id_title").fill("Mine")
    Film.objects.update(title="Theirs")
    page.get_by_role("button", name="Save", exact=True).first.click()
    page.get_by_role("heading", level=1, name="was changed while you were editing").wait_for()
    title = page.get_by_role("group", name="Title", exact=False).first
    title.get_by_role("radio", name="Keep mine").check()
    title.get_by_role("textbox").fill("Typed")
    if not script:
        page.get_by_role("button", name="Save").click()
        page.get_by_text("did not select Edit for Title.").wait_for()
        save_screenshot(page, "conflict-typed")
    expect(title.get_by_role("radio", name="Edit")).to_be_checked()
    if script:
        check_page(page)
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(re.compile("/admin/actors/film/$"))
    film.refresh_from_db()
    assert film.title == "Typed"


def choose(page, box, name):
    """Select an actor in an autocomplete field by keyboard."""
    box.press("Enter")
    page.get_by_role("searchbox").fill(name)
    page.get_by_role("option", name=name).wait_for()
    page.keyboard.press("Enter")


def test_fields_are_not_cut_off_in_a_window_of_768_px(page):
    page.set_viewport_size({"width": 768, "height": 1024})
    sign_in(page)
    for entry in (Actor.objects.get(last_name="Mifune"), Film.objects.get()):
        page.goto(f"/admin/actors/{entry._meta.model_name}/{entry.pk}/change/")
        cut = page.evaluate("""() => {
          const edge = document.querySelector("fieldset").getBoundingClientRect().right;
          return [...document.querySelectorAll("fieldset :is(input, textarea, select)")]
            .filter(box => box.checkVisibility() && box.getBoundingClientRect().right > edge).map(box => box.id);
        }""")
        assert cut == [], page.url


def test_file_field_is_between_its_label_and_its_help_text(page):
    sign_in(page, "/admin/actors/batch/add/")
    label, box, help_text = (
        page.locator(place).bounding_box() for place in ("label[for=id_file]", "#id_file", "#id_file_helptext > div")
    )
    if VERSION >= (6, 1):  # forms of Django 6.1 have the labels above the fields
        assert abs(label["x"] - box["x"]) < 8 and label["y"] + label["height"] <= box["y"]
    else:
        assert label["x"] + label["width"] <= box["x"] and label["y"] - 4 <= box["y"] <= label["y"] + label["height"]
    assert abs(help_text["x"] - box["x"]) < 8 and help_text["y"] >= box["y"] + box["height"]


def test_history_on_a_phone_has_labeled_cells_and_separate_lines(open_page):
    actor = Actor.objects.get(last_name="Mifune")
    actor.biography = "三船 敏郎 was an actor. " * 12
    actor.save()
    page = open_page("phone")
    sign_in(page)
    page.goto(f"/admin/actors/change/?actor={actor.pk}")
    tops = page.evaluate(
        """() => [...document.querySelector("ins.come").getClientRects()].map(line => [line.y, line.bottom])"""
    )
    assert len(tops) > 5
    assert all(below[0] >= above[1] for above, below in pairwise(tops))
    labels = page.evaluate("""() => [...document.querySelector("#result_list tbody tr").cells]
      .map(cell => getComputedStyle(cell, "::before").content)""")
    assert [label for label in labels if label != "none"] == [
        f'"{label}: "' for label in ("When", "Type", "Actor", "User", "Source")
    ]
