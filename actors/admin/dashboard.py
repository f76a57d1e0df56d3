"""Dashboard on the admin's index page: recent changes, and new actors without a year of birth."""

from actors.admin.film_history import describe_changes
from actors.models import Actor, Change, Film, FilmChange

MAX_LISTED = 8
# Only the newest actors are searched for missing years. Otherwise, if no year is missing, all rows would be read.
MAX_NEWEST_READ = 1_000


def dashboard_context(user) -> dict:
    """Return the context of admin/dashboard.html, limited to what ``user`` may view."""
    context = {"may_merge": user.has_perm("actors.add_merge")}
    if user.has_perm("actors.view_change"):
        context["changes"] = list(Change.objects.all()[:MAX_LISTED])
    if user.has_perm("actors.view_filmchange"):
        context["film_changes"] = describe_changes(FilmChange.objects.all()[:MAX_LISTED])
        films = Film.objects.in_bulk({change.film_id for change in context["film_changes"]})
        for change in context["film_changes"]:
            change.film = films.get(change.film_id)
    if user.has_perm("actors.view_actor"):
        newest = Actor.objects.order_by("-pk").values("pk")[:MAX_NEWEST_READ]
        context["without_year"] = list(
            Actor.objects.filter(pk__in=newest, birth_year=None).order_by("-pk")[:MAX_LISTED]
        )
    return context
