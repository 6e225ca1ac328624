"""Messages as signed webhooks. Contract: Standard Webhooks (headers, payload, which answers mean what)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from apps.core import clock

from ...occurrences import Message
from ..base import Answer, Problem, Provider, Request, Target, Verdict
from .answers import verdict_of
from .forms import WebhookForm
from .payload import MOST_BYTES, body_make
from .rotation import SECRET, in_force, retiring, rotated
from .signing import secret_make, signatures


class Webhook(Provider):
    key = "webhook"
    label = "Webhook"
    api = "signed, Standard Webhooks"
    icon = "webhook"
    summary = "Each conversion as signed JSON to an address of yours: a CRM, n8n, Zapier, your own server."
    form_class = WebhookForm
    test_words = "It is sent as any other, with “is_test” true: what becomes of it is the receiver’s choice."
    max_age = timedelta(days=90)
    give_up_after = timedelta(days=3)
    # "Somewhere between 15 and 30s", says the standard.
    timeout_seconds = 15.0
    made_secret = SECRET
    own_addresses = frozenset({"url"})

    def describe(self, settings: Mapping[str, str]) -> str:
        return urlsplit(settings.get("url", "")).hostname or "no address"

    def changed(
        self, before: Target, settings: Mapping[str, str], secrets: Mapping[str, str], now: datetime
    ) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Keep the secret before a rotation, which the receiver may have for a day more."""
        return settings, rotated(before.secrets, secrets, now)

    def secret_make(self) -> str:
        return secret_make()

    def retiring(self, secrets: Mapping[str, str], now: datetime) -> list[tuple[str, datetime]]:
        return retiring(secrets, now)

    def repeats_safely(self, message: Message) -> bool:
        # webhook-id is the receiver's key for that.
        return True

    def ids_told(self, message: Message) -> Sequence[str]:
        return [message.occurrence.transaction_id]

    def problems(self, target: Target, message: Message) -> list[Problem]:
        size = len(body_make(message, is_test=target.is_test_mode))
        if size <= MOST_BYTES:
            return []
        return [Problem("body", f"has {size} bytes; a webhook has {MOST_BYTES} at most (Standard Webhooks)")]

    def request(self, target: Target, messages: Sequence[Message]) -> Request:
        (message,) = messages
        body = body_make(message, is_test=target.is_test_mode)
        now = clock.now()
        sent_at = int(now.timestamp())
        signed = signatures(in_force(target.secrets, now), message_id=message.key, timestamp=sent_at, body=body)
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message.key,
            "webhook-timestamp": str(sent_at),
            "webhook-signature": signed,
        }
        return Request("POST", target.base_url or target.settings["url"], headers, body, messages)

    def verdicts(self, request: Request, answer: Answer) -> list[Verdict]:
        return [verdict_of(answer)]
