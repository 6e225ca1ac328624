"""Sessions in the database, as Django's, that a change of the server's key neither ends nor parts from each other."""

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends import db
from django.utils.crypto import constant_time_compare

from .models import User


class SessionStore(db.SessionStore):
    def cycle_key(self) -> None:
        """Give the session another key, unless it is only that its user was verified by a former server's key.

        Django would do so in the first request after the server's key was changed. But requests beside that one,
        sockets and the other sessions of the same sign-in (see signing_out) know it by the key that it has.
        """
        if not self._is_by_former_key():
            super().cycle_key()

    def _is_by_former_key(self) -> bool:
        user = User.objects.filter(pk=self[SESSION_KEY]).first() if SESSION_KEY in self else None
        held = self.get(HASH_SESSION_KEY) or ""
        return user is not None and any(
            constant_time_compare(held, one) for one in user.get_session_auth_fallback_hash()
        )
