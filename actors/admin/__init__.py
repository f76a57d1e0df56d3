"""The admin of actors, films, history and imports."""

from actors.admin import actor_history, actors, film_history, films, imports

__all__ = ["actor_history", "actors", "film_history", "films", "imports"]
