"""The files that programs look for at fixed URLs: robots.txt, security.txt and favicon.ico."""

from datetime import UTC, datetime, time, timedelta

from django.conf import settings
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.templatetags.static import static
from django.urls import reverse

from actors.web.views import public

# RFC 9116, 2.5.5: "It is RECOMMENDED that the value of this field be less than a year into the future".
VALID_DAYS = 180


@public
def robots(request):
    """Return robots.txt (RFC 9309). Search engines may crawl the pages, but not search results or exports."""
    lines = [
        "User-agent: *",
        f"Disallow: {reverse('admin:index')}",
        f"Disallow: {reverse('language')}",
        f"Disallow: {reverse('spotlight')}",
        f"Disallow: {reverse('actors-csv')}",
        f"Disallow: {reverse('actors-ndjson')}",
        f"Disallow: {reverse('films-csv')}",
        f"Disallow: {reverse('films-ndjson')}",
        "Disallow: /*?q=",
        "Disallow: /*&q=",
        "",
        f"Sitemap: {request.build_absolute_uri(reverse('sitemap'))}",
    ]
    return _plain_text(lines)


@public
def security(request):
    """Return security.txt, the contact for security reports (RFC 9116); 404 if SECURITY_CONTACT is unset."""
    if not settings.SECURITY_CONTACT:
        raise Http404
    # Rounded to a day, so that the text and its ETag change once a day.
    end = datetime.combine(datetime.now(UTC).date() + timedelta(days=VALID_DAYS), time())
    lines = [
        f"Contact: {settings.SECURITY_CONTACT}",
        f"Expires: {end.isoformat()}Z",
        f"Preferred-Languages: {', '.join(code.partition('-')[0] for code, _ in settings.LANGUAGES)}",
        f"Canonical: {request.build_absolute_uri(request.path)}",
    ]
    response = _plain_text(lines)
    # The response changes every day, even if the data does not, so its caching must not depend on the data version.
    response["Cache-Control"] = "public, max-age=3600"
    return response


@public
def favicon(request):
    """Redirect to the icon, an SVG, whose URL changes with its content. Serves programs that have not read a page."""
    return HttpResponseRedirect(static("actors/favicon.svg"), headers={"Cache-Control": "public, max-age=3600"})


def _plain_text(lines):
    return HttpResponse("".join(f"{line}\n" for line in lines), content_type="text/plain; charset=utf-8")
