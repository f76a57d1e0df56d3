"""The address of every kind of public page, for tests that look at all of them."""

from copy import copy
from functools import cache

from django.conf import settings
from django.core import serializers
from django.core.management.color import no_style
from django.db import connection

from actors.models import Actor, Credit, Film

PAGES = {
    "list": "/",
    "last page": "/?q=wong&sort=first",
    "narrowed": "/?country=EG&living=no",
    "nobody": "/?q=xyzzy&country=JP",
    "actor": "{actor}",
    "film": "{film}",
    "films": "/films/",
    "films by year": "/films/?decade=1950s&sort=year",
    "no films": "/films/?q=xyzzy&decade=1950s",
    "api": "/api/",
    "spotlight": "/spotlight/",
    "400": "/?country=ZZ&sort=age&q=" + "x" * 201,
    "404": "/nowhere/",
    "410": "/actors/{deleted}/",
    # From tests.browser.error_urls.
    "403": "/403/",
    "403 forged": "/403-csrf/",
    "500": "/500/",
    "503": "/503/",
}
LANGUAGES = ("en", "zh-hans")


@cache
def _site_rows():
    """Return the objects of the site's fixtures, cached: to parse the files takes longer than to insert the rows."""
    folder = settings.BASE_DIR / "actors" / "fixtures"
    texts = [(folder / f"{name}.json").read_text(encoding="utf-8") for name in ("actors", "films")]
    return [read.object for text in texts for read in serializers.deserialize("json", text)]


def load() -> None:
    """Fill the directory with the site's actors and films, and one actor who was deleted."""
    for model in (Actor, Film, Credit):
        model.objects.bulk_create(copy(row) for row in _site_rows() if isinstance(row, model))
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [Actor, Film, Credit]):
            cursor.execute(statement)
    Actor.objects.create(id=999, last_name="Deleted").delete()


def address(name: str) -> str:
    """Return the address of the page ``name`` of PAGES."""
    if "{" not in PAGES[name]:
        return PAGES[name]
    return PAGES[name].format(
        actor=Actor.objects.get(last_name="Mifune").get_absolute_url(),
        film=Film.objects.get(title="Seven Samurai").get_absolute_url(),
        deleted=999,
    )
