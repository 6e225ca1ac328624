"""The token endpoint: refresh tokens against access tokens that end, and revocation."""

import secrets
from collections.abc import Callable

from apps.demo.standing_in.frame import Ask, Reply

from .errors import Refused
from .world import Client

MOST_TOKENS = 1_000


class Tokens:
    def __init__(self, client: Client, *, seconds: int, now: Callable[[], float]) -> None:
        self._client = client
        self._seconds = seconds
        self._now = now
        self._until: dict[str, float] = {}
        self._is_revoked = False
        self.given = 0

    def refresh(self, ask: Ask) -> Reply:
        """Contract: "OAuth2 (both APIs)". Form fields by POST; 400 invalid_grant where the grant is gone."""
        if not ask.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return _oauth_error(400, "invalid_request")
        form = ask.form()
        if form.get("grant_type") != "refresh_token":
            return _oauth_error(400, "unsupported_grant_type")
        client = self._client
        if (form.get("client_id"), form.get("client_secret")) != (client.client_id, client.client_secret):
            return _oauth_error(401, "invalid_client")
        if self._is_revoked or form.get("refresh_token") != client.refresh_token:
            return _oauth_error(400, "invalid_grant")
        token = f"ya29.{secrets.token_urlsafe(24)}"
        while len(self._until) >= MOST_TOKENS:
            del self._until[next(iter(self._until))]
        self._until[token] = self._now() + self._seconds
        self.given += 1
        answer = {"access_token": token, "expires_in": self._seconds, "scope": client.scope, "token_type": "Bearer"}
        return Reply(200, answer)

    def revoke(self, ask: Ask) -> Reply:
        """Contract: "OAuth2 (both APIs)", "revoked": the user ends the grant, and its access tokens with it."""
        if {**ask.query, **ask.form()}.get("token") != self._client.refresh_token:
            return _oauth_error(400, "invalid_token")
        self._is_revoked = True
        self.end_all()
        return Reply(200, {})

    def end_all(self) -> None:
        """End the access tokens alone, before their time."""
        self._until.clear()

    def admit(self, ask: Ask) -> None:
        """Contract: "OAuth2 (both APIs)". `Authorization: Bearer` with a token that holds; else 401. Raises Refused."""
        kind, _, token = ask.headers.get("authorization", "").partition(" ")
        if kind != "Bearer" or self._until.get(token, 0.0) <= self._now():
            raise Refused(401, "UNAUTHENTICATED", "ACCESS_TOKEN_EXPIRED")


def _oauth_error(status: int, error: str) -> Reply:
    return Reply(status, {"error": error, "error_description": "Refused by the stand-in."})
