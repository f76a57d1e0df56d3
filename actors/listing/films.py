"""The list of films: its parameters, and the rows that they select."""

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from actors.db import keyset
from actors.db.loose_index_scan import distinct_values_sql, first_letters_sql
from actors.listing.params import DECADE, MAX_NEAREST, PAGE_SIZE, ListParams
from actors.listing.rows import FILM_ROW_FIELDS
from actors.models import Film, FilmQuerySet
from actors.search import ranking
from actors.search.suggestions import suggest_films
from actors.text import index_letters
from actors.text.normalize import fold_words

FILM_SORTS = {"title": ("sort_title",), "year": ("newest", "sort_title")}


@dataclass(frozen=True)
class FilmListing(ListParams):
    """The parameters of one view of the list of films. Equal views have equal URLs."""

    q: str = ""
    decade: str = ""
    sort: str = ""
    letter: str = ""
    after: str = ""
    before: str = ""

    conditions = ("decade",)

    def __post_init__(self):
        # Without a search, sorting by title is the default.
        if self.sort == "title" and not self.q:
            object.__setattr__(self, "sort", "")
        super().__post_init__()

    @staticmethod
    def errors(values: dict[str, str]) -> list[str]:
        """Return a message for each invalid value in ``values``."""
        errors = []
        if not DECADE.fullmatch(values.get("decade", "1940s")):
            errors.append(_("decade must be a decade, such as 1940s."))
        if values.get("sort", "title") not in FILM_SORTS:
            errors.append(_("sort must be title or year."))
        return errors

    def rows(self) -> FilmQuerySet:
        """Return the films of this view, on all pages."""
        found = Film.objects.all()
        if self.q:
            found = found.search(self.q) if fold_words(self.q) else found.none()
        if self.sort == "year":
            found = found.with_newest()
        if self.decade:
            years = ranking.decade_years(self.decade)
            found = found.of_newest(*years) if self.sort == "year" else found.of_decade(years[0])
        return found

    def page_of(self, cursors: dict[str, Any], data: bool) -> keyset.KeysetPage | None:
        """Return one page of rows. See ListParams."""
        if self.q:
            if self.sort == "year":
                # Older cursors of this view have positions in the list, not in the search. Make them invalid.
                cursors["view"] = f"year:{cursors['view']}"
            found = ranking.rank_films(self.q, self.decade, self.sort)
            rows = Film.objects.values_list(*FILM_ROW_FIELDS, "sort_title", named=True)
            return ranking.ranked_page(found, rows, PAGE_SIZE, **cursors)
        if self.letter:
            cursors["start"] = index_letters.first_key(self.letter)
        rows = self.rows().values_list(*FILM_ROW_FIELDS, *self.keys, named=True)
        return keyset.keyset_page(rows, self.keys, PAGE_SIZE, **cursors)

    def suggestions(self) -> list[str]:
        """Return suggested searches if nothing is found."""
        return suggest_films(self.q, self.decade)

    def counts(self, most: int) -> dict[str, list]:
        """Return the counts and letters that are shown with a list without a search, read by one statement.

        Returns:
            "decades": (first year, number of films, at most ``most``) pairs, latest first, found by one index probe
            per decade. "letters": the labels of the first letters of titles.
        """
        # Exactly the expression of fields.Decade, so that the planner recognizes the index.
        narrowed = f"(year / 10) = {ranking.decade_years(self.decade)[0] // 10}" if self.decade else ""
        steps = first_letters_sql("actors_film", "sort_title", narrowed)
        decades = distinct_values_sql(
            "decades", "decade", "max(year) / 10 * 10", "actors_film", beyond="year < decades.decade"
        )
        statement = (
            f"WITH RECURSIVE {decades}, {steps} "  # noqa: S608  our own text; the only values are integers
            "SELECT '', decade, (SELECT count(*) FROM (SELECT 1 FROM actors_film "
            f"WHERE year BETWEEN decade AND decade + 9 LIMIT {most}) AS found) FROM decades WHERE decade IS NOT NULL "
            "UNION ALL SELECT letter, number, 0 FROM step WHERE letter IS NOT NULL"
        )
        with connection.cursor() as cursor:
            cursor.execute(statement)
            found = cursor.fetchall()
        letters = sorted((number, letter) for letter, number, _most in found if letter)
        return {
            "decades": sorted(((decade, number) for letter, decade, number in found if not letter), reverse=True),
            "letters": index_letters.letter_labels(letter for _number, letter in letters),
        }

    @property
    def alphabetical(self) -> bool:
        """Whether the list is sorted by title, so that letters can be offered."""
        return not self.q and self.sort != "year"

    def nearest(self) -> list:
        """Return the films that follow the query in the alphabet, MAX_NEAREST at most."""
        if not fold_words(self.q):
            return []
        key = " ".join(fold_words(self.q))
        rows = Film.objects.filter(sort_title__gte=key).order_by("sort_title", "id")
        return list(rows.values_list(*FILM_ROW_FIELDS, named=True)[:MAX_NEAREST])

    @property
    def keys(self) -> tuple[str, ...]:
        """The sort columns; in a search by relevance, the tie-breaker."""
        return FILM_SORTS[self.sort or "title"]
