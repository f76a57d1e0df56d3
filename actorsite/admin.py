"""Registers the site's models with the admin."""

from actorsite.accounts import admin

__all__ = ["admin"]
