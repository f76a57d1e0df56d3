"""Models of the site."""

from actorsite.accounts.models import Passkey  # noqa: F401  registered on import
