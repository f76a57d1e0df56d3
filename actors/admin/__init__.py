"""The admin of actors, films, history and imports."""

from actors.admin import actor_history, actors, film_history, films, imports  # noqa: F401  registered on import
