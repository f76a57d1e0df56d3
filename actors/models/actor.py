"""The model of an actor."""

import random
from datetime import date
from typing import Any, Self

from django.core.exceptions import ValidationError
from django.db import connections, models
from django.db.models.functions import Now
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from actors.db.loose_index_scan import distinct_values_sql
from actors.fields import (
    CountryField,
    Empty,
    FoldedField,
    Life,
    LineField,
    NamesField,
    PlainTextField,
    UTCTimestampField,
    split_names,
)
from actors.models.lookups import containing_words
from actors.models.years import FIRST_BIRTH_YEAR, life_span, year_message
from actors.text.countries import country_choices, country_name
from actors.text.language import language_of_name
from actors.text.names import full_name
from actors.text.slugs import actor_slug, actor_url


class ActorQuerySet(models.QuerySet["Actor"]):
    """Queries for actors."""

    def search(self, query: str) -> Self:
        """Return actors with every word of ``query`` in a name, ignoring accents and case."""
        return containing_words(self, query)

    def living(self) -> Self:
        """Return actors without a year of death."""
        return self.filter(death_year=None)

    def deceased(self) -> Self:
        """Return actors with a year of death."""
        return self.exclude(death_year=None)

    def countries(self) -> list[str]:
        """Return the codes of all actors' countries, in order. Each code costs one index probe."""
        codes = distinct_values_sql(
            "codes", "code", "min(country)", "actor", beyond="country > codes.code", first="country > ''"
        )
        with connections[self.db].cursor() as cursor:
            cursor.execute(f"WITH RECURSIVE {codes} SELECT code FROM codes WHERE code IS NOT NULL")  # noqa: S608  our own identifiers; values are parameters
            return [code for (code,) in cursor]

    def at_random(self, count: int) -> "list[Actor]":
        """Return ``count`` different random actors, or all if there are fewer.

        Looks up random ids: unlike ORDER BY random(), this does not take longer
        for a larger table. If too few of these ids exist, the actors that follow
        one of them are added, and then the first actors of the table.
        """
        ends = self.aggregate(first=models.Min("id"), last=models.Max("id"))
        if ends["first"] is None:
            return []
        ids = range(ends["first"], ends["last"] + 1)
        drawn = random.sample(ids, min(len(ids), 20 * count))
        found = list(self.filter(id__in=drawn))
        if len(found) < min(count, len(ids)):
            found += self.exclude(id__in=drawn).filter(id__gte=drawn[0]).order_by("id")[: count - len(found)]
        if len(found) < min(count, len(ids)):
            taken = [actor.id for actor in found]
            found += self.exclude(id__in=taken).order_by("id")[: count - len(found)]
        return random.sample(found, min(count, len(found)))


class Actor(models.Model):
    """A screen actor.

    The first four columns are those of the replaced page, in the same order. Triggers maintain ``version``,
    ``last_update`` and the folded columns (migrations/sql/postgresql/actor.sql): every write that changes a row,
    through Django or not, raises its version by one and folds its names again.
    """

    id = models.AutoField(primary_key=True, db_column="actor_id")
    first_name = LineField(_("first name"), max_length=45, blank=True)
    last_name = LineField(_("last name"), max_length=45, blank=True)
    last_update = UTCTimestampField(_("last change"), db_default=Now(), editable=False)
    native_name = LineField(
        _("native name"),
        max_length=90,
        blank=True,
        db_default="",
        help_text=_("The name in its own script, such as 梁朝偉 or Алла Демидова."),
    )
    birth_year = models.PositiveSmallIntegerField(
        _("year of birth"), null=True, blank=True, help_text=_("Leave empty if you are not certain.")
    )
    death_year = models.PositiveSmallIntegerField(
        _("year of death"),
        null=True,
        blank=True,
        help_text=_("Leave empty if the actor is living or you are not certain."),
    )
    country = CountryField(_("country"), max_length=2, blank=True, db_default="", choices=country_choices)
    biography = PlainTextField(
        _("biography"), blank=True, db_default="", help_text=_("Plain text. An empty line starts a new paragraph.")
    )
    version = models.PositiveIntegerField(_("version"), db_default=1, editable=False)
    sort_last = FoldedField()
    sort_first = FoldedField()
    search = FoldedField()
    also_known_as = NamesField(
        _("also known as"),
        max_length=400,
        blank=True,
        db_default="",
        help_text=_("Other names, one per line, such as a birth name or another spelling."),
    )

    objects = ActorQuerySet.as_manager()

    class Meta:
        db_table = "actor"
        verbose_name = _("actor")
        verbose_name_plural = _("actors")
        ordering = ["sort_last", "id"]
        indexes = [
            models.Index(fields=["last_name"], name="idx_actor_last_name"),
            models.Index(fields=["sort_last", "id"], name="actor_sort_last"),
            models.Index(fields=["sort_first", "id"], name="actor_sort_first"),
            models.Index(fields=["country", "sort_last", "id"], name="actor_country_last"),
            models.Index(fields=["country", "sort_first", "id"], name="actor_country_first"),
            models.Index(fields=["birth_year"], name="actor_birth_year"),
            # To find the few actors without one. With two values, each is an eighth as large as an index by name.
            models.Index(Empty("native_name"), name="actor_no_native_name"),
            models.Index(Empty("biography"), name="actor_no_biography"),
            # Includes the years that ``Life`` is computed from, so that counts are index-only scans.
            *(
                models.Index(
                    Life("death_year", "birth_year"),
                    *("country", f"sort_{name}", "id", "birth_year", "death_year"),
                    name=f"actor_facets_{name}",
                )
                for name in ("last", "first")
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(first_name="", last_name=""),
                name="actor_has_a_name",
                violation_error_message=_("Enter a first name, a last name, or both."),
            )
        ]

    def __str__(self) -> str:
        return full_name(self)

    def get_absolute_url(self) -> str:
        """Return the URL of the actor's page."""
        return actor_url(self)

    def clean(self) -> None:
        """Check the years. Raises ValidationError."""
        errors: dict[str, Any] = {}
        this_year = date.today().year
        for field in ("birth_year", "death_year"):
            year = getattr(self, field)
            if year is not None and not FIRST_BIRTH_YEAR <= year <= this_year:
                errors[field] = year_message(FIRST_BIRTH_YEAR, this_year)
        if not errors and self.birth_year and self.death_year and self.death_year < self.birth_year:
            errors["death_year"] = _("The year of death is before the year of birth, %(year)d.") % {
                "year": self.birth_year
            }
        if errors:
            raise ValidationError(errors)

    @property
    def slug(self) -> str:
        """The readable part of the URL, in the name's own script. Only the id identifies the actor."""
        return actor_slug(self.first_name, self.last_name)

    @property
    def country_name(self) -> str:
        """The country's name in the active language."""
        return country_name(self.country, get_language())

    @property
    def years(self) -> str:
        """The known years of birth and death: "1920–1997", "born 1954"; "" if both are unknown."""
        return life_span(self.birth_year, self.death_year, get_language())

    @property
    def other_names(self) -> list[tuple[str, str]]:
        """The names in ``also_known_as``, each with its language as in ``native_language``."""
        return [(name, language_of_name(name, self.country)) for name in split_names(self.also_known_as)]

    @property
    def native_language(self) -> str:
        """The language of the native name, from its script and the country; "" if unclear."""
        return language_of_name(self.native_name, self.country)
