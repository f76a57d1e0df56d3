"""Registration of the site's models with the admin, which imports this module."""

from actorsite.accounts import admin

__all__ = ["admin"]
