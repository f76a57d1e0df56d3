from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ActorsConfig(AppConfig):
    name = "actors"
    verbose_name = _("Actors and films")

    def ready(self):
        from actors.history import attribution  # noqa: F401  tells new connections what their triggers ask for
        from actors.text import normalize  # noqa: F401  tell new connections what their triggers ask for
