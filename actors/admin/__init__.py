"""The admin of actors, films, history and imports."""

from actors.admin import actors, film_history, films, history, imports  # noqa: F401  registered on import
