"""The URL of every kind of public page, for tests that check all of them."""

from actors.models import Actor, Film
from tests.directory import load_directory

PAGES = {
    "list": "/",
    "last page": "/?q=wong&sort=first",
    "filtered": "/?country=EG&living=no",
    "no actors": "/?q=xyzzy&country=JP",
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


def load() -> None:
    """Load the actors and films of the fixtures; create one more actor, and delete it."""
    load_directory()
    Actor.objects.create(id=999, last_name="Deleted").delete()


def url(name: str) -> str:
    """Return the URL of the page ``name`` of PAGES."""
    if "{" not in PAGES[name]:
        return PAGES[name]
    return PAGES[name].format(
        actor=Actor.objects.get(last_name="Mifune").get_absolute_url(),
        film=Film.objects.get(title="Seven Samurai").get_absolute_url(),
        deleted=999,
    )
