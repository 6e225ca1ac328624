"""Signing out ends the whole sign-in: the public host's session and those that agencies' hosts got from it."""

from collections.abc import MutableMapping
from typing import Any, cast

from django.contrib.auth import logout
from django.http import HttpRequest

from .sessions import SessionStore

# In an agency's session: the public session it came from. In the public one: the agencies' sessions it led to.
PARENT = "public_session"
CHILDREN = "agency_sessions"


def sessions_link(*, public_session: str, agency_session: MutableMapping[str, Any], agency_key: str) -> None:
    """Note on both sides that the agency's session came from the public one."""
    agency_session[PARENT] = public_session
    parent = SessionStore(public_session)
    parent[CHILDREN] = [*parent.get(CHILDREN, []), agency_key]
    parent.save()


def sign_out(request: HttpRequest) -> None:
    """End the request's session and all of the same sign-in. Does nothing for somebody who isn't logged in."""
    parent_key = cast(str | None, request.session.get(PARENT))
    parent = SessionStore(parent_key) if parent_key else None
    children = (parent if parent is not None else request.session).get(CHILDREN, [])
    for key in children:
        SessionStore(key).delete()
    if parent is not None:
        parent.delete()
    logout(request)
