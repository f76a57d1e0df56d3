"""The list of actors: its parameters, and the rows that they select."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django_countries import countries

from actors.db import keyset
from actors.exports import records
from actors.fields import Life
from actors.listing.params import DECADE, MAX_NEAREST, PAGE_SIZE, ListParams
from actors.listing.rows import ACTOR_ROW_FIELDS
from actors.models import Actor, ActorQuerySet
from actors.models.lookups import containing
from actors.search import ranking
from actors.search.facets import Facets
from actors.search.suggestions import suggest_actors
from actors.text import index_letters
from actors.text.normalize import fold_words

ACTOR_SORTS = {"last": "sort_last", "first": "sort_first"}
LIVING_VALUES = ("yes", "no")


@dataclass(frozen=True)
class ActorListing(ListParams):
    """The parameters of one view of the list of actors. Equal views have equal URLs."""

    q: str = ""
    country: str = ""
    living: str = ""
    born: str = ""
    sort: str = ""
    letter: str = ""
    after: str = ""
    before: str = ""

    conditions = ("country", "living", "born")

    def __post_init__(self):
        # Without a search, sorting by last name is the default.
        if self.sort == "last" and not self.q:
            object.__setattr__(self, "sort", "")
        super().__post_init__()

    @staticmethod
    def errors(values: dict[str, str]) -> list[str]:
        """Return a message for each invalid value in ``values``."""
        errors = []
        if values.get("country", "US") not in countries:
            errors.append(_("country must be a two-letter ISO 3166-1 code, such as JP."))
        if values.get("living", "yes") not in LIVING_VALUES:
            errors.append(_("living must be yes or no."))
        if not DECADE.fullmatch(values.get("born", "1940s")):
            errors.append(_("born must be a decade, such as 1940s."))
        if values.get("sort", "last") not in ACTOR_SORTS:
            errors.append(_("sort must be last or first."))
        return errors

    def rows(self) -> ActorQuerySet:
        """Return the actors of this view, on all pages."""
        found = Actor.objects.all()
        if self.q:
            found = found.search(self.q) if fold_words(self.q) else found.none()
        if self.country:
            found = found.filter(country=self.country)
        if self.living:
            found = found.living() if self.living == "yes" else found.deceased()
        if self.born:
            found = found.filter(birth_year__range=ranking.decade_years(self.born))
        return found

    def whole(self) -> ActorQuerySet:
        """Return the rows of this view on all pages, in order, by conditions whose results PostgreSQL estimates well.

        With a separate condition on each year, it would expect many actors who were born in the 2000s and have died,
        and scan an index of all names for them. A short word is matched by a pattern, which costs less per row than
        ``actor_starts``.
        """
        looked_for, bounded = fold_words(self.q), self.facets.bounded
        left = self.change(q="") if looked_for else self
        found = (left.change(living="", born="") if bounded else left).rows()
        for word in looked_for:
            found = found.filter(containing(word))
        if bounded:
            found = found.alias(life=Life("death_year", "birth_year")).filter(**self.facets.life)
        return found.order_by(self.key, "id")

    def page_of(self, cursors: dict[str, Any], data: bool) -> keyset.KeysetPage | None:
        """Return one page of rows. See ListParams."""
        fields = (*(records.ACTOR_FIELDS if data else ACTOR_ROW_FIELDS), self.key)
        if self.q:
            found = ranking.rank_actors(self.q, **self.narrow, key="" if self.best_first else self.key)
            return ranking.ranked_page(found, Actor.objects.values_list(*fields, named=True), PAGE_SIZE, **cursors)
        if self.letter:
            cursors["start"] = index_letters.first_key(self.letter)
        rows = self.rows()
        if self.facets.bounded:
            rows, cursors["within"] = Actor.objects.all(), self.facets.ids_beyond(self.key)
        return keyset.keyset_page(rows.values_list(*fields, named=True), self.key, PAGE_SIZE, **cursors)

    def number(self, most: int) -> int:
        """Return the number of results, at most ``most``."""
        return self.facets.number(most) if self.facets.bounded and not self.q else super().number(most)

    @property
    def facets(self) -> Facets:
        """The chosen filters as Facets, which count and find the results."""
        return Facets(**self.narrow)

    def suggestions(self) -> list[str]:
        """Return suggested searches if nothing is found."""
        return suggest_actors(self.q, **self.narrow)

    def nearest(self) -> list:
        """Return the actors that follow the query's last word in the alphabet, MAX_NEAREST at most."""
        key = self.key
        if not fold_words(self.q):
            return []
        rows = Actor.objects.filter(**{f"{key}__gte": fold_words(self.q)[-1]}).order_by(key, "id")
        return list(rows.values_list(*ACTOR_ROW_FIELDS, named=True)[:MAX_NEAREST])

    @property
    def key(self) -> str:
        """The sort column; in a search by relevance, the tie-breaker."""
        return ACTOR_SORTS[self.sort or "last"]

    @property
    def keys(self) -> tuple[str, ...]:
        """The sort columns: only ``key``."""
        return (self.key,)
