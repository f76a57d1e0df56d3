"""Merging of actors in the admin: possible duplicates, and a page that compares two actors."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, SuspiciousOperation, ValidationError
from django.http import Http404
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from actors.admin.conflicts.optimistic_locking import conflict_notice
from actors.admin.params import is_number
from actors.history.actors import TRACKED_FIELDS
from actors.history.duplicates import find_duplicate_pairs
from actors.history.errors import EditConflictError
from actors.history.merge import KEEP_BOTH, combined_other_names, merge_actors
from actors.models import Actor
from actors.models.labels import concrete_field
from actors.text.countries import country_name
from actorsite.admin_site.changelist import check_query
from actorsite.admin_site.mixin_base import ModelAdminMixin

MERGE_SIDES = ("a", "b")


def merge_url(a, b):
    """Return the URL of the page that merges two actors."""
    return f"{reverse('admin:actors_actor_merge')}?a={a}&b={b}"


def _describe_row(row: dict) -> tuple[str, str]:
    """Return the name of a possible duplicate, and its line in the list: id, names, years and country."""
    name = f"{row['first_name']} {row['last_name']}".strip()
    country = country_name(row["country"], get_language())
    born, died = (row[year] or "" for year in ("birth_year", "death_year"))
    years = f"{born or '?'}–{died}" if born or died else ""
    return name, " ".join(filter(None, (f"#{row['id']}", name, row["native_name"], years, country)))


class MergeAdminMixin(ModelAdminMixin):
    """ModelAdmin mixin for merging actors. Users need the permission ``actors.add_merge``."""

    def may_merge(self, request):
        """Return whether the user may merge actors."""
        return request.user.has_perm("actors.add_merge")

    has_merge_permission = may_merge

    def get_urls(self):
        """Return Django's URLs, preceded by those of this class."""

        def view(function):
            return self.admin_site.admin_view(function)

        return [
            path("duplicates/", view(self.duplicates), name="actors_actor_duplicates"),
            path("merge/", view(self.merge), name="actors_actor_merge"),
            *super().get_urls(),
        ]

    def changelist_view(self, request, extra_context=None):
        """Show the list, with the link to possible duplicates for users who may merge."""
        return super().changelist_view(request, {**(extra_context or {}), "may_merge": self.may_merge(request)})

    @admin.action(description=_("Merge two selected actors"), permissions=["merge"])
    def merge_selected(self, request, actors):
        """Redirect to the page that compares the two selected actors. With another number of actors, show a warning."""
        selected = list(actors.order_by("pk").values_list("pk", flat=True)[:3])
        if len(selected) == 2:
            return redirect(merge_url(*selected))
        self.message_user(request, gettext("Select two actors to merge."), messages.WARNING)
        return None

    def duplicates(self, request):
        """List pairs of possible duplicates. Each page reads a bounded number of names."""
        if not self.may_merge(request):
            raise PermissionDenied
        after = request.GET.get("after", "")
        check_query(after)
        pairs, further = find_duplicate_pairs(after)
        context = {
            "title": gettext("Possible duplicates"),
            "pairs": [(merge_url(*(side["id"] for side in pair)), [*map(_describe_row, pair)]) for pair in pairs],
            "further": further,
        }
        return self._merge_page(request, "duplicates", context)

    def _merge_page(self, request, template, context, status=200):
        context = {**self.admin_site.each_context(request), "opts": self.opts, **context}
        request.current_app = self.admin_site.name
        return TemplateResponse(request, f"admin/actors/actor/{template}.html", context, status=status)

    def merge(self, request):
        """Show two actors side by side. On POST, merge them with the choice that was made for each field."""
        if not self.may_merge(request):
            raise PermissionDenied
        pks = [request.GET.get(side, "") for side in MERGE_SIDES]
        if not all(map(is_number, pks)) or int(pks[0]) == int(pks[1]):
            raise Http404
        actors = Actor.objects.in_bulk([int(pk) for pk in pks])
        if request.method == "POST":
            return self._merge(request, [int(pk) for pk in pks], actors)
        if len(actors) < 2:
            raise Http404
        return self._comparison(request, [actors[int(pk)] for pk in pks])

    def _comparison(self, request, sides, errors=(), status=200):
        films = [actor.credits.count() for actor in sides]
        # By default, the actor with more credits survives, or the first one if both have the same number.
        survivor = MERGE_SIDES[films[1] > films[0]]
        rows = []
        for name in TRACKED_FIELDS:
            field = concrete_field(Actor, name)
            values = [getattr(actor, name) for actor in sides]
            names = dict(field.flatchoices)
            first = MERGE_SIDES.index(survivor)
            filled = [value not in (None, "") for value in values]
            rows.append(
                {
                    "name": name,
                    "label": capfirst(str(field.verbose_name)),
                    "shown": [names.get(value, value) for value in values],
                    "same": values[0] == values[1],
                    "take": MERGE_SIDES[first if filled[first] or not filled[1 - first] else 1 - first],
                }
            )
        self._offer_both(rows, sides)
        context = {
            "title": gettext("Merge two actors"),
            "sides": [
                {"side": side, "actor": actor, "films": count}
                for side, actor, count in zip(MERGE_SIDES, sides, films, strict=True)
            ],
            "survivor": survivor,
            "rows": rows,
            "errors": errors,
        }
        return self._merge_page(request, "merge", context, status)

    @staticmethod
    def _offer_both(rows, sides):
        """Offer and preselect the names of both actors as other names, so that a search for any finds the survivor."""
        row = next(row for row in rows if row["name"] == "also_known_as")
        chosen = {row["name"]: getattr(sides[MERGE_SIDES.index(row["take"])], row["name"]) for row in rows}
        both = combined_other_names(sides[0], sides[1], chosen)
        if both not in (chosen["also_known_as"], ""):
            row |= {"both": both, "take": KEEP_BOTH, "same": False}

    def _merge(self, request, pks, actors):
        seen = [request.POST.get(f"seen_{side}", "") for side in MERGE_SIDES]
        survivor_side = request.POST.get("survivor")
        choices = {name: request.POST.get(f"take_{name}", survivor_side) for name in TRACKED_FIELDS}
        both = choices["also_known_as"] == KEEP_BOTH
        if both:
            choices["also_known_as"] = survivor_side
        if (
            survivor_side not in MERGE_SIDES
            or not all(map(is_number, seen))
            or not set(choices.values()) <= set(MERGE_SIDES)
        ):
            raise SuspiciousOperation("No such choice.")
        versions = [(pk, int(version)) for pk, version in zip(pks, seen, strict=True)]
        survivor, duplicate = versions if survivor_side == "a" else reversed(versions)
        sides = dict(zip(MERGE_SIDES, map(actors.get, pks), strict=True))
        try:
            # Values of other versions are never saved: merge_actors raises EditConflictError.
            values = {name: getattr(sides[side], name, None) for name, side in choices.items()}
            if both and all(sides.values()):
                values["also_known_as"] = combined_other_names(sides["a"], sides["b"], values)
            batch = merge_actors(survivor, duplicate, values, request.user.get_username())
        except EditConflictError:
            stored = Actor.objects.in_bulk(pks)
            conflicts = [
                (pk, stored.get(pk)) for pk, version in versions if pk not in stored or stored[pk].version != version
            ]
            return conflict_notice(request, self, gettext("Nothing was merged"), conflicts)
        except ValidationError as error:
            return self._comparison(request, [actors[pk] for pk in pks], error.messages, 409)
        self.message_user(
            request,
            format_html(
                '{} <a href="{}">{}</a>',
                gettext("Merged: %(name)s.") % {"name": batch.name},
                reverse("admin:actors_batch_changelist"),
                gettext("You can undo it here."),
            ),
            messages.SUCCESS,
        )
        return redirect("admin:actors_actor_change", survivor[0])
