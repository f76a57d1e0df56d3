"""The models of a film and of a credit, which records that an actor is in a film."""

from datetime import date
from typing import Self

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from actors.fields import Decade, FoldedField, LineField, Newest
from actors.models.actor import Actor
from actors.models.lookups import containing_words
from actors.models.years import FIRST_FILM_YEAR, year_message
from actors.text.names import title_and_year
from actors.text.slugs import film_slug, film_url


class FilmQuerySet(models.QuerySet["Film"]):
    """Queries for films."""

    def search(self, query: str) -> Self:
        """Return films with every word of ``query`` in a title, ignoring accents and case."""
        return containing_words(self, query)

    def with_newest(self) -> Self:
        """Annotate ``newest``, a sort key: the newest films first, films without a year last."""
        return self.annotate(newest=Newest("year"))

    def of_newest(self, first: int, last: int) -> Self:
        """Return films of the years ``first`` to ``last``, filtered by ``newest``, whose index also sorts them."""
        ends = (Newest(models.Value(year)) for year in (last, first))
        return self.filter(newest__range=tuple(ends))

    def of_decade(self, first: int) -> Self:
        """Return films of the decade that starts with ``first``. The decade's index also sorts them by title."""
        return self.alias(decade=Decade("year")).filter(decade=first // 10)


class Film(models.Model):
    """A film. Triggers maintain its folded titles, ``version`` and ``last_update``, as they do for actors."""

    title = LineField(_("title"), max_length=255)
    original_title = LineField(
        _("original title"),
        max_length=255,
        blank=True,
        db_default="",
        help_text=_("The title in its own language and script, if it differs from the title above."),
    )
    year = models.PositiveSmallIntegerField(
        _("year"), null=True, blank=True, help_text=_("Year of the first release. Leave empty if you are not certain.")
    )
    last_update = models.DateTimeField(_("last change"), db_default=Now(), editable=False)
    version = models.PositiveIntegerField(_("version"), db_default=1, editable=False)
    sort_title = FoldedField()
    search = FoldedField()
    legacy_id = models.PositiveIntegerField(null=True, unique=True, editable=False)
    actors = models.ManyToManyField(Actor, through="Credit", related_name="films")

    objects = FilmQuerySet.as_manager()

    class Meta:
        verbose_name = _("film")
        verbose_name_plural = _("films")
        ordering = ["sort_title", "id"]
        indexes = [
            models.Index(fields=["sort_title", "id"], name="film_sort_title"),
            models.Index(fields=["year"], name="film_year"),
            models.Index(Newest("year"), "sort_title", "id", name="film_newest"),
            models.Index(Decade("year"), "sort_title", "id", name="film_decade"),
        ]

    def __str__(self) -> str:
        return title_and_year(self)

    def get_absolute_url(self) -> str:
        """Return the URL of the film's page."""
        return film_url(self)

    def clean(self) -> None:
        """Check the year. Raises ValidationError."""
        last = date.today().year + 10
        if self.year is not None and not FIRST_FILM_YEAR <= self.year <= last:
            raise ValidationError({"year": year_message(FIRST_FILM_YEAR, last)})

    @property
    def slug(self) -> str:
        """The readable part of the URL. Only the id identifies the film."""
        return film_slug(self.title)


class CreditQuerySet(models.QuerySet["Credit"]):
    """Queries for credits."""

    def newest_first(self) -> Self:
        """Return credits with their films, newest first; films without a year last."""
        year = models.F("film__year").desc(nulls_last=True)
        return self.select_related("film").order_by(year, "film__sort_title", "id")


class Credit(models.Model):
    """The record that an actor is in a film, with the character and the billing."""

    actor = models.ForeignKey(Actor, models.CASCADE, related_name="credits", verbose_name=_("actor"))
    film = models.ForeignKey(Film, models.CASCADE, related_name="credits", verbose_name=_("film"))
    character = LineField(_("character"), max_length=255, blank=True, db_default="")
    billing = models.PositiveSmallIntegerField(
        _("billing"), null=True, blank=True, help_text=_("Position in the credits. 1 is named first.")
    )

    objects = CreditQuerySet.as_manager()

    class Meta:
        verbose_name = _("credit")
        verbose_name_plural = _("credits")
        ordering = [models.F("billing").asc(nulls_last=True), "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["actor", "film", "character"],
                name="credit_once",
                violation_error_message=_("This actor already has this credit in this film."),
            )
        ]

    def __str__(self) -> str:
        return ": ".join(filter(None, (str(self.actor), self.character))) + f" ({self.film})"
