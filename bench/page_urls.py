"""URLs of pages, as JSON: ``python -m bench.page_urls LISTS ACTORS``, with the site's environment.

``middle`` and ``last`` are pages of the list; ``lists`` are LISTS pages of it, and ``actors`` the pages of ACTORS
actors, both spread evenly over the table and shuffled: no page is near the one before it.
"""

import json
import os
import random
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "actorsite.settings")
django.setup()

from actors.db.keyset import make_cursor  # noqa: E402  after the settings
from actors.listing.actors import ActorListing  # noqa: E402  after the settings
from actors.listing.params import PAGE_SIZE  # noqa: E402  after the settings
from actors.models import Actor  # noqa: E402  after the settings


def url(position):
    """Return the URL of the page of the list that begins after ``position``, (sort key, id)."""
    listing = ActorListing()
    return f"/{listing.change(after=make_cursor(position, listing.query_string)).query_string}"


def print_urls(lists: int, actors: int):
    """Print the URLs as JSON."""
    positions = Actor.objects.order_by("sort_last", "id").values_list("sort_last", "id")
    rows = positions.count()

    def spread(many):
        return range(1, rows + 1)[:: max(1, rows // many)]

    def shuffled(some):
        some = list(some)
        random.Random(1).shuffle(some)  # noqa: S311  not for security
        return some

    found = {
        "middle": url(positions[rows // 2]),
        "last": url(positions.reverse()[PAGE_SIZE]),
        "lists": shuffled(url(position) for position in positions.filter(id__in=spread(lists))),
        "actors": shuffled(
            actor.get_absolute_url() for actor in Actor.objects.filter(id__in=spread(actors)).iterator()
        ),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    print_urls(*map(int, sys.argv[1:]))
