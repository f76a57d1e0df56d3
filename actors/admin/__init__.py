"""The editors' view: stock Django admin, declared; a module for each thing that is edited."""

from actors.admin import actors, film_history, films, history, imports  # noqa: F401  they register themselves
