"""The stock sessions, which say so where the database fails."""

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError

from actorsite.errors import is_unavailable


class SessionStore(db.SessionStore):
    def save(self, must_create=False):
        """Save; raises what the database raised where it is away.

        The stock store takes any failure for a session that was deleted
        meanwhile. Who saves during a failover would be told by a 400 to have
        signed out, and not by a 503 to come back.
        """
        try:
            super().save(must_create)
        except UpdateError as error:
            if is_unavailable(error.__context__):
                raise error.__context__ from None
            raise
