"""Database sessions that raise the errors of an unavailable database."""

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError

from actorsite.errors import is_unavailable


class SessionStore(db.SessionStore):
    """Django's database sessions, which raise the database's own error if it is unavailable."""

    def save(self, must_create: bool = False) -> None:
        """Save the session, and raise the database's own error if it is unavailable.

        Django assumes after any failure that the session has been deleted. During a
        failover, users would get a 400 as if they had signed out, instead of a 503
        that asks them to try again.
        """
        try:
            super().save(must_create)
        except UpdateError as error:
            cause = error.__context__
            if cause is not None and is_unavailable(cause):
                raise cause from None
            raise
