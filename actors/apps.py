"""Configuration of the application ``actors``."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.utils.translation import gettext_lazy as _


class ActorsConfig(AppConfig):
    """The app of actors and films."""

    name = "actors"
    verbose_name = _("Actors and films")

    def ready(self) -> None:
        """Register the functions that triggers call, for every new connection."""
        from actors.history.attribution import set_up_connection
        from actors.text.normalize import register_fold

        connection_created.connect(set_up_connection, dispatch_uid="actors.history")
        connection_created.connect(register_fold, dispatch_uid="actors.text")
