"""Access tokens from the destination's refresh token, kept sealed until shortly before they end.

What is kept may vanish at any time ("volatile"), and is per destination and credentials: changed ones never meet an old
token, and one of a local stand-in never goes to Google.
"""

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlencode

from redis.exceptions import RedisError

from apps.core import clock
from apps.core.crypto import SealBroken, seal, unseal
from apps.core.tenancy import current_schema
from apps.tracking import valkey

from ..base import Answer, Call, Outcome, PrepareFailed, Request, Target, Verdict
from .answers import body_of, pause_asked, word

TOKEN_HOST = "https://oauth2.googleapis.com"
SCOPE = "https://www.googleapis.com/auth/datamanager"
PURPOSE = "google access token"
# Before its end by Google's clock: the request has to arrive while it holds.
MARGIN_SECONDS = 300
RECONNECT = (
    "Google no longer accepts the refresh token: access was withdrawn, the password changed, or the consent screen is "
    "in “Testing”, where tokens end after 7 days. Get a new one and enter it in the destination’s settings."
)
WRONG_CLIENT = (
    "Google doesn’t know the client ID and secret, or the refresh token belongs to another client. Copy both from "
    "Google Cloud, under Clients, and make the refresh token with them."
)


@dataclass(frozen=True, slots=True)
class Token:
    """`name`: under which it is kept. `is_fresh`: was asked for just now."""

    text: str
    name: str
    is_fresh: bool


def token_get(target: Target, call: Call) -> Token:
    """Return an access token, a kept one or a new one. Raises PrepareFailed, Unanswered."""
    name = _name(target)
    kept = _kept(name)
    if kept:
        return Token(kept, name, is_fresh=False)
    text, seconds = _asked(target, call)
    _keep(name, text, seconds)
    return Token(text, name, is_fresh=True)


def token_forget(name: str) -> None:
    with suppress(RedisError):
        valkey.volatile().delete(name)


def _name(target: Target) -> str:
    secrets = target.secrets
    parts = [target.base_url, target.settings.get("client_id", "")]
    parts += [secrets.get("client_secret", ""), secrets.get("refresh_token", "")]
    digest = hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]
    return f"{current_schema()}:google-token:{target.destination_id}:{digest}"


def _kept(name: str) -> str:
    try:
        sealed = valkey.get_bytes(name)
        held = json.loads(unseal(PURPOSE, sealed, name.encode())) if sealed else {}
    except (RedisError, SealBroken, ValueError):
        return ""
    # Where the server forgets late, the token still ends in time.
    return str(held["token"]) if held and held["until"] > clock.now().timestamp() else ""


def _keep(name: str, text: str, seconds: float) -> None:
    lasts = int(seconds - min(MARGIN_SECONDS, seconds / 10))
    if lasts <= 0:
        return
    held = json.dumps({"token": text, "until": clock.now().timestamp() + lasts})
    with suppress(RedisError):
        valkey.volatile().set(name, seal(PURPOSE, held.encode(), name.encode()), ex=lasts)


def _asked(target: Target, call: Call) -> tuple[str, float]:
    """Ask for a new one; return it with the seconds it lasts."""
    form = {
        "grant_type": "refresh_token",
        "client_id": target.settings.get("client_id", ""),
        "client_secret": target.secrets.get("client_secret", ""),
        "refresh_token": target.secrets.get("refresh_token", ""),
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    url = f"{target.base_url.rstrip('/') or TOKEN_HOST}/token"
    answer = call(Request("POST", url, headers, urlencode(form).encode()))
    found = body_of(answer)
    if answer.status != 200:
        raise PrepareFailed(_refusal(answer, word(found.get("error"))))
    text, lasts = found.get("access_token"), found.get("expires_in")
    if not isinstance(text, str) or not text:
        raise PrepareFailed(Verdict(Outcome.RETRY, "token_malformed", "Google’s answer held no access token."))
    granted = found.get("scope")
    if isinstance(granted, str) and granted and SCOPE not in granted.split():
        words = (
            f"The refresh token was made without the scope {SCOPE}. Make a new one with it and enter it in the "
            "destination’s settings."
        )
        raise PrepareFailed(Verdict(Outcome.REFUSED, "scope_missing", words))
    return text, float(lasts) if isinstance(lasts, int | float) else 0.0


def _refusal(answer: Answer, error: str) -> Verdict:
    if error == "invalid_grant":
        return Verdict(Outcome.REFUSED, error, RECONNECT)
    if error in ("invalid_client", "unauthorized_client", "deleted_client"):
        return Verdict(Outcome.REFUSED, error, WRONG_CLIENT)
    if answer.status == 429 or (answer.status >= 500 and answer.status != 501):
        words = f"Google’s token service answered {answer.status}; it is asked again later."
        return Verdict(Outcome.RETRY, f"token_{answer.status}", words, retry_after=pause_asked(answer))
    words = f"Google’s token service answered {answer.status} ({error or 'no reason'}). Look at the credentials."
    return Verdict(Outcome.REFUSED, error or f"token_{answer.status}", words)
