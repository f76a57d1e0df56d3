"""Steps that several of the admin's browser tests take."""

import os
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from actors.models import Actor
from tests.browser.navigation import follow
from tests.clients import PASSWORD

BIOGRAPHY = "Mine, which took an hour to write."


def log_in(page, name="carol"):
    """Submit the login form, which ``page`` shows, with the password of ``name``; wait for the next page."""
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    follow(page.get_by_role("button", name="Log in"))


def sign_in(page, url=None):
    """Sign in the user ``carol`` by a session cookie, without the login form; then open ``url``, if given."""
    client = Client()
    client.force_login(User.objects.get(username="carol"))
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": client.session.session_key, "httpOnly": True}
    page.context.add_cookies([{**cookie, "secure": True, "domain": "localhost", "path": "/"}])
    if url:
        page.goto(url)


def save(page):
    """Save the form and wait for the next page."""
    follow(page.get_by_role("button", name="Save", exact=True).first)


def biography():
    """Return the stored biography of the actor of the fixture ``url``."""
    return Actor.objects.get(last_name="Mifune").biography


def leaves_without_dialog(page):
    """Click a heading of the page, then leave the page; return whether the browser did so without asking."""
    asked = []

    def accept(dialog):
        asked.append(dialog.type)
        dialog.accept()

    page.locator("h1").first.click()  # browsers ask only about pages that the user has interacted with
    page.once("dialog", accept)
    page.goto("/admin/")
    if not asked:
        page.remove_listener("dialog", accept)
    return asked == []


def authenticator(page):
    """Add a virtual authenticator for passkeys to the browser; return a function that removes it."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
        "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    key = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]
    return lambda: devtools.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": key})


def save_screenshot(page, name):
    """Save a screenshot in the folder that SCREENSHOTS names, if it is set."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
