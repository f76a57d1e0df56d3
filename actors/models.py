"""What actors, films and credits are."""

import random
from datetime import date
from functools import lru_cache, reduce
from operator import or_

from django.core.exceptions import ValidationError
from django.db import connections, models
from django.db.models.functions import Now
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django_countries import countries

from actors.addresses import address, slug_of
from actors.batches import Added, Batch, Merge, Upload  # noqa: F401  models, of which this is the one address
from actors.changes import Change, FilmChange  # noqa: F401  the same
from actors.fields import (
    CountryField,
    Decade,
    Empty,
    FoldedField,
    Life,
    LineField,
    NamesField,
    Newest,
    PlainTextField,
    UTCTimestampField,
    split_names,
)
from actors.hanzi import spellings
from actors.scripts import language_of
from actors.search import fold, is_start, pattern, words

# https://en.wikipedia.org/wiki/Roundhay_Garden_Scene: of 1888. Nobody born long before was on a screen.
FIRST_FILM = 1888
FIRST_YEAR = 1800


def country_choices():
    """Return (ISO 3166-1 alpha-2 code, name) of every country, by name."""
    return _country_choices(get_language())


@lru_cache(8)
def _country_choices(language):
    return sorted(countries, key=lambda choice: country_order(choice[1], language))


def country_order(name, language):
    """Return what to sort the names of countries by, for who reads ``language``."""
    # GB 18030 has the common characters in the order of their reading, by which a reader of Chinese looks them up.
    return name.encode("gb18030") if language.startswith("zh") else fold(name)


def containing_words(rows, query):
    """Return those of ``rows`` whose folded ``search`` matches every word of ``query``.

    A word of one or two letters must begin a part of the name.
    """
    starts = connections[rows.db].vendor == "postgresql"
    for word in words(query):
        if starts and is_start(word):
            rows = rows.filter(_any(Starts(models.F("search"), models.Value(each)) for each in spellings(word)))
        else:
            rows = rows.filter(containing(word))
    return rows


def containing(word):
    """Return the condition that the pattern of ``word``, in whichever Chinese characters, is in a ``search``."""
    return _any(models.Q(search__contains=pattern(each)) for each in spellings(word))


def _any(conditions):
    return reduce(or_, map(models.Q, conditions))


@lru_cache(1_024)
def country_name(code, language):
    """Return the country's name in the language that is spoken now, which is ``language``."""
    return str(countries.name(code))


@lru_cache(1_024)
def life_span(born, died, language):
    """Return the span of a life, as far as it is known, in the language that is spoken now, which is ``language``."""
    if born and died:
        return f"{born}–{died}"
    if born:
        return gettext("born %(year)d") % {"year": born}
    if died:
        return gettext("died %(year)d") % {"year": died}
    return ""


def year_message(first, last):
    return _("Give a year from %(first)d to %(last)d, or leave this empty.") % {"first": first, "last": last}


class Starts(models.Func):
    """Whether a part of a folded name begins with a word of one or two letters: served by an index."""

    template = "actor_starts(%(expressions)s]"
    arg_joiner = ") @> ARRAY["
    output_field = models.BooleanField()


class ActorQuerySet(models.QuerySet):
    """The domain's words for choosing actors."""

    def search(self, query):
        """Actors of whom every word of ``query`` is in a name, however accented or cased."""
        return containing_words(self, query)

    def living(self):
        """Actors of whom no death is known."""
        return self.filter(death_year=None)

    def dead(self):
        return self.exclude(death_year=None)

    def for_lists(self):
        """With the columns that a list shows; not the biography, which may be long."""
        return self.defer("biography", "search", "version", "last_update")

    def countries(self):
        """Return the codes of the countries that any actor is of, in order of code.

        Steps from code to code in the index, a probe each, where DISTINCT
        would read it whole.
        """
        with connections[self.db].cursor() as cursor:
            cursor.execute(
                "WITH RECURSIVE step (country) AS ("
                "SELECT min(country) FROM actor WHERE country > '' UNION ALL "
                "SELECT (SELECT min(country) FROM actor WHERE actor.country > step.country) "
                "FROM step WHERE country IS NOT NULL"
                ") SELECT country FROM step WHERE country IS NOT NULL"
            )
            return [code for (code,) in cursor]

    def at_random(self, count):
        """Return ``count`` different actors, fewer where there are fewer.

        Looks up ids drawn by lot, whose cost does not grow with the table as
        that of ORDER BY random() does. Where ids are sparse, the neighbours of
        one more id fill up the rest.
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

    The first four columns are the replaced application's, in its order. What
    ``version``, ``last_update`` and the folded columns hold is the database's
    business (migrations/sql/postgresql/actor.sql): every write that changes a row, through Django
    or past it, raises its version by one and folds its names anew.
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
        _("year of birth"), null=True, blank=True, help_text=_("Leave empty when not certain.")
    )
    death_year = models.PositiveSmallIntegerField(
        _("year of death"), null=True, blank=True, help_text=_("Leave empty for the living, and when not certain.")
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
        help_text=_("Other names, one a line, such as a birth name or another spelling."),
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
            # Who lacks what nearly all have. Of two values, they are an eighth the size of an index by name.
            models.Index(Empty("native_name"), name="actor_no_native_name"),
            models.Index(Empty("biography"), name="actor_no_biography"),
            # With the years, of which ``Life`` is made: what is counted is then read from the index alone.
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
                violation_error_message=_("Give a first name, a last name, or both."),
            )
        ]

    def __str__(self):
        return f"{self.first_name} {self.last_name}".strip() or f"#{self.pk}"

    def get_absolute_url(self):
        return address("actor", self.pk, self.slug)

    def clean(self):
        mistakes = {}
        this_year = date.today().year
        for field in ("birth_year", "death_year"):
            year = getattr(self, field)
            if year is not None and not FIRST_YEAR <= year <= this_year:
                mistakes[field] = year_message(FIRST_YEAR, this_year)
        if not mistakes and self.birth_year and self.death_year and self.death_year < self.birth_year:
            mistakes["death_year"] = _("The year of death is before the year of birth, %(year)d.") % {
                "year": self.birth_year
            }
        if mistakes:
            raise ValidationError(mistakes)

    @property
    def slug(self):
        """The readable part of the address, in the name's own script; ids alone tell actors apart."""
        return slug_of(f"{self.first_name} {self.last_name}") or "actor"

    @property
    def country_name(self):
        return country_name(self.country, get_language())

    @property
    def years(self):
        """The span of a life, as far as it is known: "1920–1997", "born 1954"."""
        return life_span(self.birth_year, self.death_year, get_language())

    @property
    def other_names(self):
        """The names of ``also_known_as``, each with its language, as ``native_language`` tells it."""
        return [(name, language_of(name, self.country)) for name in split_names(self.also_known_as)]

    @property
    def native_language(self):
        """The language of the native name, where its script and the country tell; else empty."""
        return language_of(self.native_name, self.country)


class FilmQuerySet(models.QuerySet):
    """The domain's words for choosing films."""

    def search(self, query):
        """Films of which every word of ``query`` is in a title, however accented or cased."""
        return containing_words(self, query)

    def with_newest(self):
        """With ``newest``, a number by which the newest come first and those of no known year last."""
        return self.annotate(newest=Newest("year"))

    def of_newest(self, first, last):
        """Films of the years from ``first`` to ``last``, by ``newest``: served by the index that they are sorted by."""
        ends = (Newest(models.Value(year)) for year in (last, first))
        return self.filter(newest__range=tuple(ends))

    def of_decade(self, first):
        """Films of the decade that begins with the year ``first``, in an index by title."""
        return self.alias(decade=Decade("year")).filter(decade=first // 10)

    def for_lists(self):
        """With the columns that a list shows."""
        return self.defer("search", "version", "last_update", "legacy_id")


class Film(models.Model):
    """A film. Its folded titles, version and last change are kept by the database, as an actor's are."""

    title = LineField(_("title"), max_length=255)
    original_title = LineField(
        _("original title"),
        max_length=255,
        blank=True,
        db_default="",
        help_text=_("In its own language and script, where it differs from the title."),
    )
    year = models.PositiveSmallIntegerField(
        _("year"), null=True, blank=True, help_text=_("Of its first release. Leave empty when not certain.")
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

    def __str__(self):
        return (self.title or f"#{self.pk}") + (f" ({self.year})" if self.year else "")

    def get_absolute_url(self):
        return address("film", self.pk, self.slug)

    def clean(self):
        last = date.today().year + 10
        if self.year is not None and not FIRST_FILM <= self.year <= last:
            raise ValidationError({"year": year_message(FIRST_FILM, last)})

    @property
    def slug(self):
        """The readable part of the address; ids alone tell films apart."""
        return slug_of(self.title) or "film"


class CreditQuerySet(models.QuerySet):
    """The domain's words for choosing credits."""

    def newest_first(self):
        """Credits with their films, by year; those of no known year last."""
        year = models.F("film__year").desc(nulls_last=True)
        return self.select_related("film").order_by(year, "film__sort_title", "id")


class Credit(models.Model):
    """An actor's part in a film."""

    actor = models.ForeignKey(Actor, models.CASCADE, related_name="credits", verbose_name=_("actor"))
    film = models.ForeignKey(Film, models.CASCADE, related_name="credits", verbose_name=_("film"))
    character = LineField(_("character"), max_length=255, blank=True, db_default="")
    billing = models.PositiveSmallIntegerField(
        _("billing"), null=True, blank=True, help_text=_("The place in the credits: 1 for the first named.")
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
                violation_error_message=_("This actor has this part in this film already."),
            )
        ]

    def __str__(self):
        return ": ".join(filter(None, (str(self.actor), self.character))) + f" ({self.film})"

    @property
    def title_language(self):
        """The language of the film's original title, where its script and the actor's country tell; else empty."""
        return language_of(self.film.original_title, self.actor.country)
