"""Exceptions that are raised when a change is refused."""

from django.db import models


class EditConflictError(Exception):
    """An actor or a film was changed since its editor loaded it; ``now`` is its current state, None if deleted."""

    def __init__(self, now: models.Model | None) -> None:
        super().__init__("The entry was changed in the meantime.")
        self.now = now


class NotRestorableError(Exception):
    """A state cannot be restored.

    Either it breaks a constraint, such as one that was added later: an actor must
    have a name. Or it is a credit whose film or actor is deleted, or which the film
    already has.
    """
