"""Models of the site."""

from actorsite.accounts.models import Passkey

__all__ = ["Passkey"]
