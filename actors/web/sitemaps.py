"""The sitemap: every page, for search engines (https://www.sitemaps.org/protocol.html).

Up to MAX_URLS pages are listed in one file. If there are more, the sitemap is an index
of parts. Each part lists the pages of a range of ids, so that it reads only these rows
and counts nothing.
"""

from collections.abc import Iterator
from itertools import islice
from xml.sax.saxutils import escape

from django.db import connection, transaction
from django.http import Http404, HttpResponse
from django.urls import reverse

from actors.db.loose_index_scan import distinct_values_sql
from actors.fields import MAX_ID
from actors.models import Actor, Film
from actors.web.origin import site_origin
from actors.web.views import public
from actorsite.page_cache.publishing import stream_response

# The protocol's limit, for a file and for an index.
MAX_URLS = 50_000
SITEMAP_BATCH_ROWS = 2_000
SITEMAP_MODELS: dict[str, type[Actor] | type[Film]] = {"actors": Actor, "films": Film}
XMLNS = "http://www.sitemaps.org/schemas/sitemap/0.9"
SITEMAP_COLUMNS = {Actor: ("id", "first_name", "last_name", "last_update"), Film: ("id", "title", "last_update")}


@public
def sitemap(request):
    """Return the URLs of all pages, or an index of parts if there are more than MAX_URLS."""
    if sum(model.objects.order_by()[: MAX_URLS + 1].count() for model in SITEMAP_MODELS.values()) + 2 > MAX_URLS:
        urls = [
            request.build_absolute_uri(reverse("sitemap-part", args=[kind, part]))
            for kind, model in SITEMAP_MODELS.items()
            for part in _part_numbers(model)
        ]
        text = "".join(f"<sitemap><loc>{escape(url)}</loc></sitemap>\n" for url in urls)
        return HttpResponse(
            [_head("sitemapindex"), text.encode(), b"</sitemapindex>\n"], content_type="application/xml"
        )
    return _urlset(
        request, [reverse("list"), reverse("films")], *(model.objects.all() for model in SITEMAP_MODELS.values())
    )


@public
def sitemap_part(request, kind, part):
    """Return the URLs of pages with ids from ``part * MAX_URLS`` up to the next part; 404 if there are none."""
    model = SITEMAP_MODELS.get(kind)
    if model is None or part * MAX_URLS > MAX_ID:
        raise Http404
    rows = model.objects.filter(id__range=(part * MAX_URLS, min((part + 1) * MAX_URLS - 1, MAX_ID)))
    if not rows.exists():
        raise Http404
    return _urlset(request, [reverse("list"), reverse("films")] if (kind, part) == ("actors", 0) else [], rows)


def _part_numbers(model) -> list[int]:
    """Return the numbers of the sitemap parts that are not empty. Takes one index lookup per part."""
    column = model._meta.pk.column
    parts = distinct_values_sql(
        *("parts", "part", f"min({column}) / {MAX_URLS}", model._meta.db_table),
        beyond=f"{column} >= (parts.part + 1) * {MAX_URLS}",
    )
    with connection.cursor() as cursor:
        cursor.execute(f"WITH RECURSIVE {parts} SELECT part FROM parts WHERE part IS NOT NULL")  # noqa: S608  our own identifiers; values are parameters
        return [part for (part,) in cursor]


def _urlset(request, first, *querysets):
    parts = _pages(site_origin(request), first, querysets)
    return stream_response(request, parts, "application/xml")


def _pages(site, first, querysets) -> Iterator[bytes]:
    yield _head("urlset") + "".join(f"<url><loc>{escape(site + path)}</loc></url>\n" for path in first).encode()
    for queryset in querysets:
        # As in the exports, one transaction reads rows of one state of the data, in batches.
        with transaction.atomic():
            rows = queryset.only(*SITEMAP_COLUMNS[queryset.model]).order_by("id").iterator(SITEMAP_BATCH_ROWS)
            while some := list(islice(rows, SITEMAP_BATCH_ROWS)):
                yield "".join(_url_entry(site, row) for row in some).encode()
    yield b"</urlset>\n"


def _url_entry(site, row):
    changed = row.last_update.isoformat(timespec="seconds").replace("+00:00", "Z")
    return f"<url><loc>{escape(site + row.get_absolute_url())}</loc><lastmod>{changed}</lastmod></url>\n"


def _head(name):
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{name} xmlns="{XMLNS}">\n'.encode()
