"""Exceptions that are raised when a change is refused."""

from django.db import models


class EditConflictError(Exception):
    """An actor or a film was changed since its editor loaded it; ``now`` is its current state, None if deleted."""

    def __init__(self, now: models.Model | None) -> None:
        super().__init__("The entry was changed in the meantime.")
        self.now = now


class NotRestorableError(Exception):
    """A state cannot be restored.

    Either it breaks a constraint, such as an actor without a name from before the
    constraint; or it is a credit whose film or actor is deleted, or that the film
    has already.
    """
