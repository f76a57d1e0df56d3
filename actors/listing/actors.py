"""What a visitor may ask of the list of actors."""

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
    """One view of the list; equal views are equal objects with equal addresses."""

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
        # A list that is not searched is by last name whether or not that is said.
        if self.sort == "last" and not self.q:
            object.__setattr__(self, "sort", "")
        super().__post_init__()

    @staticmethod
    def mistakes(values: dict[str, str]) -> list[str]:
        mistakes = []
        if values.get("country", "US") not in countries:
            mistakes.append(_("country must be a two-letter code of ISO 3166-1, such as JP."))
        if values.get("living", "yes") not in LIVING_VALUES:
            mistakes.append(_("living must be yes or no."))
        if not DECADE.fullmatch(values.get("born", "1940s")):
            mistakes.append(_("born must be a decade, such as 1940s."))
        if values.get("sort", "last") not in ACTOR_SORTS:
            mistakes.append(_("sort must be last or first."))
        return mistakes

    def rows(self) -> ActorQuerySet:
        """The actors of this view, on whatever page."""
        found = Actor.objects.all()
        if self.q:
            found = found.search(self.q) if fold_words(self.q) else found.none()
        if self.country:
            found = found.filter(country=self.country)
        if self.living:
            found = found.living() if self.living == "yes" else found.dead()
        if self.born:
            found = found.filter(birth_year__range=ranking.decade_years(self.born))
        return found

    def whole(self) -> ActorQuerySet:
        """The rows of this view on all pages, in order, as PostgreSQL best knows beforehand how many they are.

        By the years alone, it takes the dead who were born in the 2000s for many, and looks for them along all
        names. Whether a name has a part that begins with two letters costs more to ask of a row than a pattern.
        """
        looked_for, bounded = fold_words(self.q), self.facets.bounded
        left = self.change(q="") if looked_for else self
        found = (left.change(living="", born="") if bounded else left).rows()
        for word in looked_for:
            found = found.filter(containing(word))
        if bounded:
            found = found.alias(life=Life("death_year", "birth_year")).filter(**self.facets.life)
        return found.order_by(self.key, "id")

    def page_of(self, place: dict[str, Any], data: bool) -> keyset.KeysetPage | None:
        fields = (*(records.ACTOR_FIELDS if data else ACTOR_ROW_FIELDS), self.key)
        if self.q:
            found = ranking.rank_actors(self.q, **self.narrow, key="" if self.best_first else self.key)
            return ranking.ranked_page(found, Actor.objects.values_list(*fields, named=True), PAGE_SIZE, **place)
        if self.letter:
            place["start"] = index_letters.first_key(self.letter)
        rows = self.rows()
        if self.facets.bounded:
            rows, place["within"] = Actor.objects.all(), self.facets.places(self.key)
        return keyset.keyset_page(rows.values_list(*fields, named=True), self.key, PAGE_SIZE, **place)

    def number(self, most: int) -> int:
        return self.facets.number(most) if self.facets.bounded and not self.q else super().number(most)

    @property
    def facets(self) -> Facets:
        return Facets(**self.narrow)

    def suggestions(self) -> list[str]:
        return suggest_actors(self.q, **self.narrow)

    def nearest(self) -> list:
        """Return the actors next in the alphabet to the query's last word, as a finger finds them in print."""
        key = self.key
        if not fold_words(self.q):
            return []
        rows = Actor.objects.filter(**{f"{key}__gte": fold_words(self.q)[-1]}).order_by(key, "id")
        return list(rows.values_list(*ACTOR_ROW_FIELDS, named=True)[:MAX_NEAREST])

    @property
    def key(self) -> str:
        """The column that the list is sorted by, within what fits equally well."""
        return ACTOR_SORTS[self.sort or "last"]

    @property
    def keys(self) -> tuple[str, ...]:
        """The same, as of any list."""
        return (self.key,)
