"""Recent changes for feed readers."""

import heapq
import re
from datetime import UTC, datetime
from operator import itemgetter

from django.http import HttpResponse
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from actors.models import Actor, Change, Film, FilmChange
from actors.web.views import public

MAX_ENTRIES = 50
# The limit of changes that are searched for entries: one actor or film may have many changes.
MAX_CHANGES_READ = 1_000
# Characters that XML cannot contain (https://www.w3.org/TR/xml/#charsets). Rows written by SQL may contain them.
NOT_IN_XML = re.compile(r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Feed(Atom1Feed):
    """Atom feed (RFC 4287) with summaries in plain text. An empty feed has a fixed date, so that it never changes."""

    def latest_post_date(self):
        """Return the time of the newest entry, or 1970 for an empty feed: Atom requires a time."""
        return super().latest_post_date() if self.items else datetime(1970, 1, 1, tzinfo=UTC)

    def add_item_elements(self, handler, item):
        """Write the description as a summary in plain text, where Django would write HTML."""
        super().add_item_elements(handler, {**item, "description": None})
        if item["description"]:
            handler.addQuickElement("summary", item["description"], {"type": "text"})


@public
def recent_changes(request):
    """Return a feed of the most recently changed actors and films, newest first, each once.

    Its cost does not depend on the size of the directory.
    """
    feed = Feed(
        title=_("Actorsite: recent changes"),
        link=request.build_absolute_uri(reverse("list")),
        description="",
        subtitle=_("The actors and films that were added or changed last."),
        language=get_language(),
        author_name="Actorsite",
        feed_url=request.build_absolute_uri(request.path),
        feed_guid=request.build_absolute_uri(request.path),
    )
    for entry, at in heapq.nlargest(MAX_ENTRIES, [*_recent_actors(), *_recent_films()], key=itemgetter(1)):
        feed.add_item(
            title=NOT_IN_XML.sub("", str(entry)),
            link=request.build_absolute_uri(entry.get_absolute_url()),
            description=NOT_IN_XML.sub("", " · ".join(filter(None, _description(entry)))),
            # The URL without its slug, because the slug changes with the name.
            unique_id=request.build_absolute_uri(reverse(entry._meta.model_name, args=[entry.pk])),
            updateddate=at,
        )
    return HttpResponse(feed.writeString("utf-8"), content_type=Feed.content_type)


def _description(entry):
    if isinstance(entry, Actor):
        return entry.native_name, entry.years, entry.country_name
    return (entry.original_title,)


def _recent_actors():
    """Return (actor, time) pairs of the actors changed last, newest first."""
    # Sorts by the history's primary key, because an index on last_update would slow down every write to a large table.
    newest = dict.fromkeys(Change.objects.order_by("-id").values_list("actor_id", flat=True)[:MAX_CHANGES_READ])
    # Actors that were deleted since are skipped.
    found = Actor.objects.defer("biography", "search").in_bulk(newest)
    return [(found[pk], found[pk].last_update) for pk in newest if pk in found][:MAX_ENTRIES]


def _recent_films():
    """Return (film, time) pairs of the films that were changed last, or whose casts were, newest first."""
    newest: dict[int, datetime] = {}
    for pk, at in FilmChange.objects.order_by("-id").values_list("film_id", "at")[:MAX_CHANGES_READ]:
        newest.setdefault(pk, at)
    found = Film.objects.in_bulk(newest)
    return [(found[pk], at) for pk, at in newest.items() if pk in found][:MAX_ENTRIES]
