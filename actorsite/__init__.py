"""The site and how it runs. It knows nothing of actors, so another Django project can use it unchanged."""

__version__ = "1.0.0"
