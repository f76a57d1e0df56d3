"""What the admin's front page shows: the changes of all, and what wants an editor's eye."""

from actors.admin.film_history import describe_changes
from actors.models import Actor, Change, Film, FilmChange

MAX_LISTED = 8
# What is missing is looked for among the newest only: elsewhere it may be that nothing is, and all would be read.
MAX_NEWEST_READ = 1_000


def dashboard_context(account) -> dict:
    """Return what the page needs, of what ``account`` may see."""
    found = {"may_merge": account.has_perm("actors.add_merge")}
    if account.has_perm("actors.view_change"):
        found["changes"] = list(Change.objects.all()[:MAX_LISTED])
    if account.has_perm("actors.view_filmchange"):
        found["film_changes"] = describe_changes(FilmChange.objects.all()[:MAX_LISTED])
        films = Film.objects.in_bulk({change.film_id for change in found["film_changes"]})
        for change in found["film_changes"]:
            change.film = films.get(change.film_id)
    if account.has_perm("actors.view_actor"):
        newest = Actor.objects.order_by("-pk").values("pk")[:MAX_NEWEST_READ]
        found["without_year"] = list(Actor.objects.filter(pk__in=newest, birth_year=None).order_by("-pk")[:MAX_LISTED])
    return found
