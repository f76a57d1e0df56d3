"""The site's models, where Django looks for them."""

from actorsite.accounts.models import Passkey  # noqa: F401  registered by being imported
