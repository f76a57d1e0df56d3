"""The site and how it runs. It does not depend on the app actors, so another Django project can use it unchanged."""

__version__ = "1.0.0"
