"""From the public host, where one signs in, to an agency's host: a one-time token, good for a minute and one browser.

The browser is known by a nonce that the agency's host leaves in a cookie before it sends somebody to the login; only
the nonce's hash travels. A stolen or planted link is worthless elsewhere, and nobody can be logged in as somebody else.
"""

import hashlib
import hmac
import json
import secrets
from dataclasses import asdict, dataclass
from functools import lru_cache

import redis
from django.conf import settings

TOKEN_SECONDS = 60
NONCE_COOKIE = "beacon_browser"
# As long as somebody may need for the login page.
NONCE_SECONDS = 3600
# Cookies and the token's key are sent to these addresses of the agency's host alone.
NONCE_PATH = "/login"


class HandoverRefused(Exception):
    """The token is used up, too old, another agency's or another browser's. Which one, nobody is told."""


@dataclass(frozen=True, slots=True)
class Handover:
    user_id: int
    agency_id: int
    browser_hash: str
    next_path: str
    # The public host's session: signing out of one ends both.
    public_session: str


def new_nonce() -> str:
    return secrets.token_urlsafe(32)


def browser_hash(nonce: str) -> str:
    return hashlib.sha256(nonce.encode()).hexdigest()


def handover_issue(handover: Handover) -> str:
    """Return the token under which the agency's host finds `handover` once within a minute."""
    token = secrets.token_urlsafe(32)
    _volatile().set(_key(token), json.dumps(asdict(handover)), ex=TOKEN_SECONDS)
    return token


def handover_take(*, token: str, agency_id: int, nonce: str) -> Handover:
    """Return what was issued under `token`, which is used up by this. Raises HandoverRefused."""
    found = _volatile().getdel(_key(token))
    if found is None:
        raise HandoverRefused
    handover = Handover(**json.loads(found))
    is_browser = hmac.compare_digest(handover.browser_hash, browser_hash(nonce))
    if handover.agency_id != agency_id or not is_browser:
        raise HandoverRefused
    return handover


def _key(token: str) -> str:
    return f"handover:{hashlib.sha256(token.encode()).hexdigest()}"


@lru_cache(maxsize=1)
def _volatile() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_CACHE_URL, decode_responses=True, socket_timeout=5)
