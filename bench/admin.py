"""Requests of an editor to the admin, signed in as a superuser that the benchmark creates."""

import subprocess
import sys
from urllib.parse import quote

from bench import load
from tests.server import ROOT, environment

_SIGN_IN = """
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client
from actors.db.keyset import make_cursor
from actors.models import Actor
user, _ = get_user_model().objects.get_or_create(username="bench", is_staff=True, is_superuser=True)
client = Client()
client.force_login(user)
place = Actor.objects.order_by("sort_last", "id").values_list("sort_last", "id")[49_949:49_950]
print(make_cursor(place[0], "actors.Actor?") if place else "")
print(f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}")
"""
CHANGELIST = "/admin/actors/actor/"


def signed_in(database_url: str) -> tuple[str, str]:
    """Return the cursor of page 1,000 of the admin's list, and a superuser's session cookie.

    The cursor is empty if the list is shorter. Raises load.MeasurementError if the database cannot be read.
    """
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "--verbosity=0", "--command", _SIGN_IN],
        cwd=ROOT,
        env=environment(DATABASE_URL=database_url),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise load.MeasurementError(f"Cannot sign in to the admin: {done.stderr.strip().splitlines()[-1]}")
    position, cookie = done.stdout.rstrip().split("\n")[-2:]
    return position, cookie


def requests(database_url: str, rare: list[str]) -> dict[str, load.Request]:
    """Return requests, by name, for the admin's list, for searches for the words ``rare``, and for page 1,000."""
    position, cookie = signed_in(database_url)
    headers = {"Cookie": cookie}
    return {
        "admin: list": load.Request((CHANGELIST,), headers),
        "admin: search": load.Request(tuple(f"{CHANGELIST}?q={quote(word)}" for word in rare), headers),
        "admin: page 1,000": load.Request((f"{CHANGELIST}?after={position}",), headers),
    }
