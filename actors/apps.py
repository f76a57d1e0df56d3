"""The application of actors and films."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ActorsConfig(AppConfig):
    name = "actors"
    verbose_name = _("Actors and films")

    def ready(self) -> None:
        """Register the functions that triggers call, for every new connection."""
        from actors.history import attribution  # noqa: F401  connects to connection_created
        from actors.text import normalize  # noqa: F401  connects to connection_created
