"""Envelopes without a site and a schema, for what is pure."""

from typing import Any

from apps.tracking.envelope import Context, Envelope

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)


def tagged(**fields: Any) -> Envelope:
    """Return what a tag in a person's browser sends, changed by `fields`."""
    person: dict[str, Any] = {
        "origin": "tag",
        "user_agent": CHROME,
        "accept_language": "en-GB,en;q=0.9",
        "context": Context(
            screen=(1920, 1080),
            viewport=(1200, 800),
            languages=["en-GB", "en"],
            time_zone="Europe/London",
            touch=False,
        ),
    }
    fixed: dict[str, Any] = {
        "schema": "a_1",
        "site_id": 1,
        "received_ms": 0,
        "visitor_id": 1,
        "ip_hash": b"",
        "sealed_ip": b"",
        "seal_hour": 0,
        "events": [],
    }
    return Envelope(**(fixed | person | fields))
