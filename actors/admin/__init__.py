"""The editors' view: stock Django admin, declared; a module for each thing that is edited."""

from actors.admin import actors, changes, film_changes, films, imports  # noqa: F401  they register themselves
