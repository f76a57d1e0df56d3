"""Addresses of pages within the list, as JSON: ``python -m bench.tokens MANY``, with the site's environment.

``middle`` and ``last`` are pages there; ``many`` are MANY pages, spread evenly.
"""

import json
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "actorsite.settings")
django.setup()

from actors.db.keyset import make_cursor  # noqa: E402  after the settings
from actors.listing.actors import ActorListing  # noqa: E402  after the settings
from actors.listing.params import PAGE_SIZE  # noqa: E402  the same
from actors.models import Actor  # noqa: E402  after the settings


def address(place):
    """Return the address of the page that begins after ``place``."""
    listing = ActorListing()
    return f"/{listing.change(after=make_cursor(place, listing.query_string)).query_string}"


def main():
    places = Actor.objects.order_by("sort_last", "id").values_list("sort_last", "id")
    rows = places.count()
    ids = range(1, rows + 1)
    many = places.filter(id__in=ids[:: max(1, rows // int(sys.argv[1]))])
    last = places.reverse()[PAGE_SIZE]
    found = {"middle": address(places[rows // 2]), "last": address(last), "many": [address(place) for place in many]}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
