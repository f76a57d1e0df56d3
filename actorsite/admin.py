"""Registers the site's models with the admin."""

from actorsite.accounts import admin  # noqa: F401  registered on import
