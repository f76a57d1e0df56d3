"""The site's admin, where Django looks for it."""

from actorsite.accounts import admin  # noqa: F401  registered by being imported
