"""What a list shows of an actor, as the database gives it: fifty of them cost what five objects of a model do.

They are kept and given again (actors.db.statements), and hold what was made of them: nothing but of their own values.
"""

from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from actors.exports import records
from actors.models import Actor


class _Listed(NamedTuple):
    id: int
    first_name: str
    last_name: str
    native_name: str
    birth_year: int | None
    death_year: int | None
    country: str
    also_known_as: str
    sort_last: str
    sort_first: str


class Listed(_Listed):
    """In an Actor's place where it is only shown."""

    __str__ = Actor.__str__
    get_absolute_url = Actor.get_absolute_url
    slug = Actor.slug
    country_name = Actor.country_name
    years = Actor.years
    native_language = Actor.native_language
    other_names = Actor.other_names

    @property
    def pk(self):
        return self.id

    @cached_property
    def rendered(self) -> dict:
        """The rows that were made of it (actors.web.rows), each by what it was made for."""
        return {}


class _Recorded(NamedTuple):
    id: int
    first_name: str
    last_name: str
    native_name: str
    birth_year: int | None
    death_year: int | None
    country: str
    biography: str
    version: int
    last_update: datetime
    also_known_as: str
    sort_last: str
    sort_first: str


class Recorded(_Recorded):
    """In an Actor's place where all that is known of it goes out as data: data.FIELDS, and what it is sorted by."""

    __str__ = Actor.__str__
    get_absolute_url = Actor.get_absolute_url
    slug = Actor.slug

    @property
    def pk(self):
        return self.id

    @cached_property
    def encoded(self) -> tuple[str, str]:
        """The same as ``data.encoded`` returns."""
        return records.encode_actor(self)
