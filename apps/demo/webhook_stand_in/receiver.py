"""What the receiver takes, as the standard asks a consumer of webhooks to.

Sections are those of Standard Webhooks, spec/standard-webhooks.md.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any

from ..standing_in.frame import Ask, Reply

PORT = 9104
PREFIX = "whsec_"
LEAST_BYTES, MOST_BYTES = 24, 64
TOLERANCE_SECONDS = 300
MOST_BODY = 20_000
MOST_SEEN = 100
TYPE = re.compile(r"[a-zA-Z0-9_]+(\.[a-zA-Z0-9_]+)*")
SECRET = PREFIX + base64.b64encode(b"a local receiver's secret 123456").decode()


class Receiver:
    """Takes webhooks signed with any of its secrets; handles each id once, and counts how often it came.

    `answer_with`: what it answers whatever comes, to see what a sender makes of it; nothing is taken then.
    """

    name = "Webhook receiver"

    def __init__(self, *secrets: str, now: Callable[[], float] = time.time, answer_with: Reply | None = None) -> None:
        self._now = now
        self.secrets: Sequence[str] = secrets or (SECRET,)
        self.answer_with = answer_with
        self.taken: dict[str, int] = Counter()
        self.seen: list[dict[str, object]] = []

    def answer(self, ask: Ask) -> Reply:
        if self.answer_with is not None:
            return self.answer_with
        refusal = self._refusal_of_headers(ask) or _refusal_of_body(ask)
        if refusal is not None:
            return refusal
        message_id = ask.headers["webhook-id"]
        # "Use the webhook-id header as an idempotency key": a second one is thanked for, and not handled again.
        if not self.taken[message_id]:
            self.seen = [*self.seen[1 - MOST_SEEN :], ask.json()]
        self.taken[message_id] += 1
        return Reply(HTTPStatus.NO_CONTENT)

    def _refusal_of_headers(self, ask: Ask) -> Reply | None:
        """Sections "Webhook headers" and "Verifying signatures"."""
        if ask.method != "POST":
            return Reply(HTTPStatus.METHOD_NOT_ALLOWED, "post it", {"Allow": "POST"})
        message_id = ask.headers.get("webhook-id", "")
        stamp = ask.headers.get("webhook-timestamp", "")
        if not message_id or "." in message_id:
            return Reply(HTTPStatus.BAD_REQUEST, "webhook-id is needed, and has no dots")
        if not (stamp.isascii() and stamp.isdigit()):
            return Reply(HTTPStatus.BAD_REQUEST, "webhook-timestamp is needed, in whole seconds since 1970")
        if abs(self._now() - int(stamp)) > TOLERANCE_SECONDS:
            return Reply(HTTPStatus.BAD_REQUEST, "webhook-timestamp is more than five minutes off")
        if not is_signed(ask.headers, ask.body, self.secrets):
            return Reply(HTTPStatus.UNAUTHORIZED, "no signature is of a secret known here")
        return None


def is_signed(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> bool:
    """Return whether one of the signatures is of one of the secrets. Section "Signature scheme"."""
    content = f"{headers.get('webhook-id', '')}.{headers.get('webhook-timestamp', '')}.".encode() + body
    expected = [hmac.new(key_of(secret), content, hashlib.sha256).digest() for secret in secrets]
    for one in headers.get("webhook-signature", "").split(" "):
        version, _, text = one.partition(",")
        try:
            given = base64.b64decode(text, validate=True)
        except binascii.Error:
            continue
        # v1a would be ed25519, which a receiver with a symmetric secret passes over.
        if version == "v1" and any(hmac.compare_digest(given, each) for each in expected):
            return True
    return False


def key_of(secret: str) -> bytes:
    """Return the bytes of a secret. Section "Signature scheme", row "Secret serialization". Raises ValueError."""
    key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    if not secret.startswith(PREFIX) or not LEAST_BYTES <= len(key) <= MOST_BYTES:
        raise ValueError("a secret is whsec_ and 24 to 64 bytes in base64")
    return key


def _refusal_of_body(ask: Ask) -> Reply | None:
    """Sections "Payload structure", "Payload size" and "Event types"."""
    if ask.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        return Reply(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "JSON is taken here")
    if len(ask.body) > MOST_BODY:
        return Reply(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "above 20 kB")
    try:
        payload = json.loads(ask.body)
    except ValueError:
        return Reply(HTTPStatus.BAD_REQUEST, "that isn't JSON")
    if not isinstance(payload, dict) or not _is_whole(payload):
        return Reply(
            HTTPStatus.BAD_REQUEST, "type (dotted), timestamp (ISO 8601, when it happened) and data are needed"
        )
    return None


def _is_whole(payload: dict[str, Any]) -> bool:
    kind, moment = payload.get("type"), payload.get("timestamp")
    try:
        is_moment = isinstance(moment, str) and datetime.fromisoformat(moment).tzinfo is not None
    except ValueError:
        is_moment = False
    return isinstance(kind, str) and bool(TYPE.fullmatch(kind)) and is_moment and isinstance(payload.get("data"), dict)
